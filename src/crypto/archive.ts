/**
 * The archive of a user: its history keys as the server keeps them, each sealed under the archive key that only this user's devices
 * hold. The server can neither read a row nor make one, nor pass one off as another.
 */
import { SottoError } from "../protocol/errors.ts";
import { idToBytes, type ConversationId, type UserId } from "../protocol/ids.ts";
import { signedBytes } from "../protocol/signed-bytes.ts";
import type { HistoryKey, HistoryKeyName } from "./history-key.ts";
import { xchacha20Poly1305 as cipher } from "./primitives/aead.ts";
import { concatBytes } from "./primitives/bytes.ts";
import { blake2b256 } from "./primitives/hash.ts";
import { randomBytes } from "./primitives/random.ts";

/**
 * `generation` counts a user's archive keys from 1; `key`: 32 bytes; `listVersion`: of the user's device list when it was made. It is
 * for devices that were not revoked then.
 */
export interface ArchiveKey {
  readonly generation: number;
  readonly listVersion: number;
  readonly key: Uint8Array;
}

/** Whose row of which conversation. */
export interface ArchivePlace {
  readonly user: UserId;
  readonly conversation: ConversationId;
}

/** More than a device list has entries: each device of a user makes archive keys of generations that no other one does. */
const makers = 1024;

/**
 * The generation of the next archive key that a device makes: past `latest` (0: none), and no other device's. `addedVersion`: of the list
 * entry that added it.
 */
export function nextArchiveGeneration(latest: number, addedVersion: number): number {
  const own = addedVersion + 1;
  return latest < own ? own : own + Math.ceil((latest + 1 - own) / makers) * makers;
}

/** How far past the latest that a device holds another without the account key may go: honest ones make one a month or so. */
const furthestAhead = 2 ** 30;
/** No honest user gets there, and numbers go on far beyond. */
export const lastRestoredGeneration = 2 ** 40;

/** Whether a device that was added by this list entry can have made a key of that generation, for who holds `latest`. */
export function isGenerationOf(addedVersion: number, generation: number, latest: number): boolean {
  return isOwnGeneration(addedVersion, generation) && generation - latest <= furthestAhead;
}

/** Whether an archive key is one that the device that was added by this list entry makes; the first is made by the device with which its account key begins. */
export function isArchiveKeyOf(
  addedVersion: number,
  { generation, listVersion }: Pick<ArchiveKey, "generation" | "listVersion">,
): boolean {
  return generation === 1 ? listVersion === addedVersion : isOwnGeneration(addedVersion, generation);
}

const isOwnGeneration = (addedVersion: number, generation: number): boolean =>
  generation > addedVersion && (generation - (addedVersion + 1)) % makers === 0;

export const sealedRowLength = cipher.nonceLength + 32 + cipher.tagLength;

export const newArchiveKey = (generation: number, listVersion: number): ArchiveKey => ({
  generation,
  listVersion,
  key: randomBytes(32),
});

export function sealArchiveRow(archiveKey: ArchiveKey, place: ArchivePlace, historyKey: HistoryKey): Uint8Array {
  const nonce = randomBytes(cipher.nonceLength);
  const key = rowKey(archiveKey);
  const sealed = cipher.seal(key, nonce, placeBytes(archiveKey, place, historyKey), historyKey.key);
  key.fill(0);
  return concatBytes(nonce, sealed);
}

/** Throws `undecryptable` for whatever was not sealed under this key for this place and name. */
export function openArchiveRow(
  archiveKey: ArchiveKey,
  place: ArchivePlace,
  name: HistoryKeyName,
  sealed: Uint8Array,
): HistoryKey {
  if (sealed.length !== sealedRowLength) throw new SottoError("undecryptable");
  const key = rowKey(archiveKey);
  try {
    const [nonce, ciphertext] = [sealed.subarray(0, cipher.nonceLength), sealed.subarray(cipher.nonceLength)];
    const opened = cipher.open(key, nonce, placeBytes(archiveKey, place, name), ciphertext);
    return { generation: name.generation, epoch: name.epoch, key: opened };
  } finally {
    key.fill(0);
  }
}

const rowKey = ({ key }: ArchiveKey): Uint8Array => blake2b256(signedBytes("archive-row-key"), key);

function placeBytes(archiveKey: ArchiveKey, { user, conversation }: ArchivePlace, name: HistoryKeyName): Uint8Array {
  const { generation, epoch } = name;
  return signedBytes("archive-row", user, idToBytes(conversation), generation, epoch, archiveKey.generation);
}
