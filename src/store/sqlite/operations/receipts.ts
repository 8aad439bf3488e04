import type { AckRow, LogStore, ReceiptRow } from "../../../actors/ports/store-log.ts";
import type { ConversationId, DeviceId, UserId } from "../../../protocol/ids.ts";
import { blobOf, idOf } from "../../blobs.ts";
import type { StoreContext } from "../store-context.ts";

/**
 * Receipts of one device within this time of the first become one row: the latest, which says all that they said. Not across
 * a commit: the hash of an ack proves only what came after the last one.
 */
const mergeWindowMs = 5_000;

/** The next version in the conversation's stream of receipts. It only ever increases. */
function nextReceiptVersion({ db }: StoreContext, conversation: Uint8Array): number {
  db.run("UPDATE conversations SET receipt_version = receipt_version + 1 WHERE conversation = ?", conversation);
  return db.get<{ version: number }>(
    "SELECT receipt_version AS version FROM conversations WHERE conversation = ?",
    conversation,
  )!.version;
}

/** Where a conversation's and a device's stream of receipts stand. */
export interface LastReceipt {
  /** The conversation's newest version, and the sequence of its last commit. */
  receiptVersion: number;
  lastCommit: number;
  /** The device's last receipt, and since when it takes others in. */
  lastVersion: number;
  lastSince: number;
}

/**
 * Writes what a device's ack tells the senders, in the place of its last receipt where that is young. The caller keeps
 * `version` and `since` with the device.
 */
export function writeDelivered(
  { db, now }: StoreContext,
  conversation: Uint8Array,
  device: Uint8Array,
  ack: AckRow,
  last: LastReceipt,
): { at: number; version: number; since: number } {
  const version = last.receiptVersion + 1;
  const unopened = JSON.stringify(ack.unopened);
  const said = [version, ack.sequence, now, ack.logHash, unopened, ack.signature] as const;
  const young = now - last.lastSince < mergeWindowMs && now >= last.lastSince;
  const merged =
    young &&
    db.run(
      `UPDATE receipts SET version = ?, sequence = ?, at = ?, log_hash = ?, unopened = ?, signature = ?
       WHERE conversation = ? AND version = ? AND (sequence >= ? OR (? > ? AND NOT EXISTS (
         SELECT 1 FROM messages m WHERE m.conversation = receipts.conversation AND m.sequence > receipts.sequence
           AND m.sequence <= ? AND m.kind = 1)))`,
      ...said,
      conversation,
      last.lastVersion,
      last.lastCommit,
      last.lastCommit,
      ack.sequence,
      ack.sequence,
    ) === 1;
  if (!merged) {
    db.run(
      `INSERT INTO receipts (version, sequence, at, log_hash, unopened, signature, conversation, kind, user, device)
       VALUES (?, ?, ?, ?, ?, ?, ?, 0, ?, ?)`,
      ...said,
      conversation,
      ack.user,
      device,
    );
  }
  db.run("UPDATE conversations SET receipt_version = ? WHERE conversation = ?", version, conversation);
  return { at: now, version, since: merged ? last.lastSince : now };
}

/** Writes that time ran out for a user, up to a sequence, in place of what was written so before. */
export function writeExpired(
  context: StoreContext,
  expired: { conversation: Uint8Array; user: UserId; sequence: number; at: number },
): number {
  const { db } = context;
  const { conversation, user, sequence, at } = expired;
  const version = nextReceiptVersion(context, conversation);
  db.run(
    "INSERT INTO receipts (conversation, version, kind, user, sequence, at) VALUES (?, ?, 1, ?, ?, ?)",
    conversation,
    version,
    user,
    sequence,
    at,
  );
  db.run(
    "UPDATE members SET expired_sequence = ?, expired_version = ? WHERE conversation = ? AND user = ?",
    sequence,
    version,
    conversation,
    user,
  );
  return version;
}

interface ReceiptRecord {
  version: number;
  kind: number;
  user: UserId;
  device: Uint8Array | null;
  sequence: number;
  at: number;
  logHash: Uint8Array | null;
  unopened: string | null;
  signature: Uint8Array | null;
}

/** See `LogStore.readReceipts`. `version` is where to read on from. */
export function readReceipts(
  { db }: StoreContext,
  conversation: ConversationId,
  after: number,
  limit: number,
): Awaited<ReturnType<LogStore["readReceipts"]>> {
  const blob = blobOf(conversation);
  const rows = db.all<ReceiptRecord>(
    `SELECT version, kind, user, device, sequence, at, log_hash AS logHash, unopened, signature
     FROM receipts WHERE conversation = ? AND version > ? ORDER BY version LIMIT ?`,
    blob,
    after,
    limit + 1,
  );
  const receipts = rows.slice(0, limit).map((row) => receiptRow(conversation, row));
  const more = rows.length > limit;
  const newest = db.get<{ version: number }>(
    "SELECT receipt_version AS version FROM conversations WHERE conversation = ?",
    blob,
  );
  return { receipts, version: more ? receipts.at(-1)!.version : (newest?.version ?? 0), more };
}

function receiptRow(conversation: ConversationId, row: ReceiptRecord): ReceiptRow {
  const { user, at, version, sequence, device, logHash, unopened, signature } = row;
  if (device === null || logHash === null || unopened === null || signature === null) {
    return { conversation, user, at, version, kind: "expired", sequence };
  }
  return {
    conversation,
    user,
    at,
    version,
    kind: row.kind === 2 ? "read" : "delivered",
    device: idOf<DeviceId>(device),
    sequence,
    logHash,
    unopened: JSON.parse(unopened) as [number, number][],
    signature,
  };
}
