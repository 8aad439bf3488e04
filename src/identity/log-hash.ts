import { fromBase64 } from "../protocol/base64.ts";
import { equalBytes } from "../protocol/equal-bytes.ts";
import { idToBytes } from "../protocol/ids.ts";
import type { ConversationId } from "../protocol/ids.ts";
import type { LogEntry } from "../protocol/log-entry.ts";
import { logEntryBytes } from "../protocol/log-entry-bytes.ts";
import { signedBytes } from "../protocol/signed-bytes.ts";
import { sodium } from "./sodium.ts";

/** A log entry with its payload as bytes. */
export type HashedEntry = Omit<LogEntry, "payload"> & { readonly payload: Uint8Array };

/** Where a running hash begins: at a commit. `epoch`: the one that the commit begins; `transcriptHash`: the group's, after it. */
export interface LogHashStart {
  readonly conversation: ConversationId;
  readonly generation: number;
  readonly epoch: number;
  /** Of the commit. */
  readonly sequence: number;
  readonly transcriptHash: Uint8Array;
}

/** SHA-256 (32 bytes) over everything in an entry, the node's part included. */
export function entryHash(entry: Omit<HashedEntry, "goneHash" | "originalHash" | "voucher">): Uint8Array {
  return sodium().crypto_hash_sha256(logEntryBytes(entry));
}

/** The same of an entry as it stands in the log: of one that has gone, or that stands under a pseudonym, the hash that it had. */
export function hashInLog(entry: HashedEntry): Uint8Array {
  const { goneHash, originalHash } = entry;
  const given = goneHash ?? originalHash;
  return given === undefined ? entryHash(entry) : fromBase64(given);
}

/** Whether an entry has this payload, or had it before it went. */
export function hasPayload(entry: HashedEntry, payload: Uint8Array): boolean {
  if (entry.goneHash === undefined) return equalBytes(payload, entry.payload);
  return equalBytes(entryHash({ ...entry, payload }), fromBase64(entry.goneHash));
}

/** The running hash (32 bytes) right after a commit: it takes in all that the group agreed on before. */
export function logHashStart(start: LogHashStart): Uint8Array {
  const { conversation, generation, epoch, sequence, transcriptHash } = start;
  return sodium().crypto_hash_sha256(
    signedBytes("log-hash-start", idToBytes(conversation), generation, epoch, sequence, transcriptHash),
  );
}

/** The running hash (32 bytes) after one more entry. */
export function nextLogHash(previous: Uint8Array, hashOfEntry: Uint8Array): Uint8Array {
  return sodium().crypto_hash_sha256(signedBytes("log-hash", previous, hashOfEntry));
}
