/** The names under which what is left of erased users goes on: made by chance, so that none leads back to who it was. */
import type { UserId } from "./ids.ts";

const pseudonym = /^erased-[0-9a-f]{32}$/;

/** Whether a name stands for somebody who was erased. Nobody else has such a name: neither a sign-up nor a token may bring one. */
export const isErasedUser = (user: string): user is UserId => pseudonym.test(user);

/** A name for somebody who is erased now: 128 random bits, in hexadecimal. */
export function newErasedUser(): UserId {
  const random = globalThis.crypto.getRandomValues(new Uint8Array(16));
  return `erased-${Array.from(random, (byte) => byte.toString(16).padStart(2, "0")).join("")}` as UserId;
}
