import type { ByteReader } from "../protocol/byte-reader.ts";
import { MalformedBytes } from "../protocol/byte-reader.ts";
import { conversationId, deviceId, idFromBytes, userId } from "../protocol/ids.ts";
import type { ConversationId, DeviceId, UserId } from "../protocol/ids.ts";

/** Reads a user's name (text, 1 to 128 visible ASCII characters). Throws MalformedBytes. */
export function readUser(reader: ByteReader): UserId {
  const parsed = userId.safeParse(reader.text(128));
  if (!parsed.success) throw new MalformedBytes("not a user");
  return parsed.data;
}

/** Reads 16 bytes that must be a UUIDv7. Throws MalformedBytes. */
export function readDevice(reader: ByteReader): DeviceId {
  const parsed = deviceId.safeParse(idFromBytes(reader.fixed(16)));
  if (!parsed.success) throw new MalformedBytes("not a device");
  return parsed.data;
}

/** Reads 16 bytes that must be a UUIDv7. Throws MalformedBytes. */
export function readConversation(reader: ByteReader): ConversationId {
  const parsed = conversationId.safeParse(idFromBytes(reader.fixed(16)));
  if (!parsed.success) throw new MalformedBytes("not a conversation");
  return parsed.data;
}

/** Reads a version byte and throws MalformedBytes unless it is 1, the only one there is. */
export function readVersion(reader: ByteReader): void {
  if (reader.u8() !== 1) throw new MalformedBytes("unknown version");
}
