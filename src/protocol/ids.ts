/**
 * The names of things on the wire, branded so that one cannot be passed for another.
 * Everything but a user is a UUIDv7 (RFC 9562): sortable by the time it was made.
 */
import * as z from "zod/mini";

/** Who a person is to the host application: the `sub` of its tokens. 1 to 128 visible ASCII characters, no spaces. */
export const userId = z
  .string()
  .check(z.regex(/^[!-~]{1,128}$/))
  .brand("UserId");
export type UserId = z.infer<typeof userId>;

const uuidV7 = z.string().check(z.regex(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/));

export const deviceId = uuidV7.brand("DeviceId");
export type DeviceId = z.infer<typeof deviceId>;

export const conversationId = uuidV7.brand("ConversationId");
export type ConversationId = z.infer<typeof conversationId>;

/** Names a log entry: an application message or a commit. A device's ids in a conversation only ever increase. */
export const messageId = uuidV7.brand("MessageId");
export type MessageId = z.infer<typeof messageId>;

let lastTime = 0;
let lastCounter = 0;

/** A new UUIDv7, greater than every one this process made before (RFC 9562 §6.2, method 1: a 12-bit counter in rand_a). */
export function newId<T extends DeviceId | ConversationId | MessageId>(now = Date.now()): T {
  const random = globalThis.crypto.getRandomValues(new Uint8Array(10));
  if (now > lastTime) {
    lastTime = now;
    lastCounter = ((random[8]! << 8) | random[9]!) & 0x7ff;
  } else if (++lastCounter > 0xfff) {
    lastTime += 1;
    lastCounter = 0;
  }
  const bytes = new Uint8Array(16);
  for (let at = 0, rest = lastTime; at < 6; at += 1, rest %= 2 ** (8 * (6 - at)))
    bytes[at] = rest / 2 ** (8 * (5 - at));
  bytes[6] = 0x70 | (lastCounter >> 8);
  bytes[7] = lastCounter;
  bytes.set(random.subarray(0, 8), 8);
  bytes[8] = (bytes[8]! & 0x3f) | 0x80;
  return idFromBytes(bytes) as T;
}

/** A new UUIDv7, greater than `previous` even where the clock has been set back since, or another process made that one. */
export function newIdAfter<T extends DeviceId | ConversationId | MessageId>(previous: T | null): T {
  const made = previous === null ? 0 : Number.parseInt(previous.slice(0, 8) + previous.slice(9, 13), 16);
  return newId<T>(Math.max(Date.now(), made + 1));
}

/** Of every byte, its two hexadecimal digits. */
const digits = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"));
const [hyphen, digitZero, digitNine, letterA, lowerCase] = [0x2d, 0x30, 0x39, 0x61, 0x20];

/** The 16 bytes of a UUID. */
export function idToBytes(id: DeviceId | ConversationId | MessageId): Uint8Array {
  const bytes = new Uint8Array(16);
  for (let at = 0, digit = 0; at < id.length && digit < 32; at += 1) {
    const code = id.charCodeAt(at);
    if (code === hyphen) continue;
    const value = code <= digitNine ? code - digitZero : (code | lowerCase) - letterA + 10;
    bytes[digit >> 1] = (bytes[digit >> 1]! << 4) | value;
    digit += 1;
  }
  return bytes;
}

/** The UUID of 16 bytes, in lower case. The caller validates its version. */
export function idFromBytes(bytes: Uint8Array): string {
  let id = "";
  for (let at = 0; at < bytes.length; at += 1) {
    if (at === 4 || at === 6 || at === 8 || at === 10) id += "-";
    id += digits[bytes[at]!]!;
  }
  return id;
}
