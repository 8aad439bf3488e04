/** What a person may write: what send and edit take, checked before anything is kept. */
import { mentionsAtMost } from "../../crypto/content/mentions.ts";
import { SottoError } from "../../protocol/errors.ts";
import { limits } from "../../protocol/limits.ts";
import { messageId, type MessageId, type UserId } from "../../protocol/ids.ts";
import { requireUserId } from "../require-user-id.ts";
import type { Message } from "./message.ts";

export interface WrittenText {
  text: string;
  /** User ids, up to 64. */
  mentions?: readonly string[];
}

/** The longest text that is taken, in bytes of UTF-8, with whom it mentions: what fits a sealed message with room for its wrapping. */
const maxTextBytes = 120 * 1024;

/** Errors: `invalid-argument`, `too-large`. */
export function requireText({ text, mentions = [] }: WrittenText): { text: string; mentions?: readonly UserId[] } {
  if (typeof text !== "string") throw new SottoError("invalid-argument", { detail: "a message needs a text" });
  const users = [...new Set(mentions.map(requireUserId))].toSorted((one, other) => (one < other ? -1 : 1));
  if (users.length > mentionsAtMost) {
    throw new SottoError("invalid-argument", { detail: `A text mentions at most ${mentionsAtMost} users.` });
  }
  const mentionBytes = users.reduce((sum, user) => sum + 1 + user.length, 0);
  if (text.length * 3 + mentionBytes > maxTextBytes) {
    const { length } = new TextEncoder().encode(text);
    const detail = `A text has at most ${maxTextBytes} bytes.`;
    if (length + mentionBytes > maxTextBytes) throw new SottoError("too-large", { detail });
  }
  return { text, ...(users.length > 0 && { mentions: users }) };
}

export function idOf(message: Message | MessageId | string): MessageId {
  const parsed = messageId.safeParse(typeof message === "string" ? message : message?.id);
  if (!parsed.success) throw new SottoError("invalid-argument", { detail: "That is no message." });
  return parsed.data;
}

/** How long a message lasts once it is read. Error: `invalid-argument`. */
export function requireLifetime(seconds: number): void {
  if (Number.isInteger(seconds) && seconds >= 1 && seconds <= limits.disappearingSeconds) return;
  const detail = `A message lasts for 1 to ${limits.disappearingSeconds} seconds.`;
  throw new SottoError("invalid-argument", { detail });
}
