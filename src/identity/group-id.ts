import { ByteReader } from "../protocol/byte-reader.ts";
import { ByteWriter } from "../protocol/byte-writer.ts";
import { idToBytes } from "../protocol/ids.ts";
import type { ConversationId } from "../protocol/ids.ts";
import { readConversation } from "./identity-fields.ts";

/** Which group of a conversation: a dead one is followed by a new generation, from 1. */
export interface GroupPlace {
  readonly conversation: ConversationId;
  readonly generation: number;
}

/** The MLS group id: 16 bytes of conversation, u32 of generation. */
export function encodeGroupId(place: GroupPlace): Uint8Array {
  return new ByteWriter().fixed(idToBytes(place.conversation)).u32(place.generation).finish();
}

/** Throws MalformedBytes. */
export function decodeGroupId(bytes: Uint8Array): GroupPlace {
  const reader = new ByteReader(bytes);
  const conversation = readConversation(reader);
  const generation = reader.u32();
  reader.finish();
  return { conversation, generation };
}
