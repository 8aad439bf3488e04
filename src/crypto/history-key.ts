/**
 * History keys: what lets a device that was added later read what was said before. Beside the group's ciphertext a message carries
 * its body key wrapped under the history key of its time, which all members derive and each user keeps in its archive.
 */
import { ByteReader } from "../protocol/byte-reader.ts";
import { ByteWriter } from "../protocol/byte-writer.ts";
import { SottoError } from "../protocol/errors.ts";
import { idToBytes, type ConversationId, type MessageId } from "../protocol/ids.ts";
import { signedBytes } from "../protocol/signed-bytes.ts";
import type { Group, GroupEngine } from "./group-engine.ts";
import { xchacha20Poly1305 as cipher } from "./primitives/aead.ts";
import { concatBytes } from "./primitives/bytes.ts";
import { blake2b256 } from "./primitives/hash.ts";

/** A history key is named by the epoch that it was taken from. */
export interface HistoryKeyName {
  readonly generation: number;
  readonly epoch: number;
}

/** `key`: 32 bytes. */
export interface HistoryKey extends HistoryKeyName {
  readonly key: Uint8Array;
}

/** Which message a wrap belongs to. `bodyHash`: 32 bytes. */
export interface WrapPlace {
  readonly conversation: ConversationId;
  readonly id: MessageId;
  readonly bodyHash: Uint8Array;
}

const nameLength = 16;
export const wrapLength = nameLength + cipher.nonceLength + 32 + cipher.tagLength;

/** The history key of the epoch that a group is at: an MLS exporter secret, the same for all its members. */
export async function exportHistoryKey(engine: Pick<GroupEngine, "exportSecret">, group: Group): Promise<HistoryKey> {
  const key = await engine.exportSecret(group, "sotto history", new Uint8Array(), 32);
  return { generation: group.generation, epoch: group.epoch, key };
}

/**
 * Wraps a body key (32 bytes). Layout: generation (8), epoch (8), nonce (24), ciphertext. The nonce is of the body's hash: as fresh as the
 * random nonce in the body, and the same only for the same key of the same body.
 */
export function wrapBodyKey(historyKey: HistoryKey, place: WrapPlace, bodyKey: Uint8Array): Uint8Array {
  const nonce = place.bodyHash.subarray(0, cipher.nonceLength);
  const ciphertext = cipher.seal(wrappingKey(historyKey.key), nonce, placeBytes(historyKey, place), bodyKey);
  return concatBytes(new ByteWriter().u64(historyKey.generation).u64(historyKey.epoch).finish(), nonce, ciphertext);
}

/** Under which history key a wrap is sealed, as it says. Throws `undecryptable` where it is none. */
export function nameOfWrap(wrap: Uint8Array): HistoryKeyName {
  if (wrap.length !== wrapLength) throw new SottoError("undecryptable");
  try {
    const reader = new ByteReader(wrap.subarray(0, nameLength));
    return { generation: reader.u64(), epoch: reader.u64() };
  } catch {
    throw new SottoError("undecryptable");
  }
}

/** The body key, 32 bytes. Throws `undecryptable`, always the same, for a wrong key, name or place. */
export function unwrapBodyKey(historyKey: HistoryKey, place: WrapPlace, wrap: Uint8Array): Uint8Array {
  const { generation, epoch } = nameOfWrap(wrap);
  if (generation !== historyKey.generation || epoch !== historyKey.epoch) throw new SottoError("undecryptable");
  const nonce = wrap.subarray(nameLength, nameLength + cipher.nonceLength);
  const sealed = wrap.subarray(nameLength + cipher.nonceLength);
  return cipher.open(wrappingKey(historyKey.key), nonce, placeBytes(historyKey, place), sealed);
}

/** By history key, and no longer in memory than that: all messages of a week are wrapped under one. */
const wrappingKeys = new WeakMap<Uint8Array, Uint8Array>();

function wrappingKey(historyKey: Uint8Array): Uint8Array {
  const known = wrappingKeys.get(historyKey);
  if (known) return known;
  const key = blake2b256(signedBytes("history-wrap-key"), historyKey);
  wrappingKeys.set(historyKey, key);
  return key;
}

function placeBytes({ generation, epoch }: HistoryKeyName, { conversation, id, bodyHash }: WrapPlace): Uint8Array {
  return signedBytes("history-wrap", idToBytes(conversation), idToBytes(id), generation, epoch, bodyHash);
}
