import type { LogStore, ReceiptRow } from "../../../actors/ports/store-log.ts";
import type { ConversationId, DeviceId, UserId } from "../../../protocol/ids.ts";
import { blobOf, idOf } from "../../blobs.ts";
import type { MysqlContext } from "../mysql-context.ts";

/** Writes that time ran out for a user, up to a sequence. The caller holds the conversation's row. Answers its version. */
export async function writeExpired(
  { db }: MysqlContext,
  expired: { conversation: Uint8Array; user: UserId; sequence: number; at: number },
): Promise<number> {
  const { conversation, user, sequence, at } = expired;
  await db.run("UPDATE conversations SET receipt_version = receipt_version + 1 WHERE conversation = ?", conversation);
  const sql = "SELECT receipt_version AS version FROM conversations WHERE conversation = ?";
  const { version } = (await db.get<{ version: number }>(sql, conversation))!;
  await db.run(
    "INSERT INTO receipts (conversation, version, kind, user, sequence, at) VALUES (?, ?, 1, ?, ?, ?)",
    conversation,
    version,
    user,
    sequence,
    at,
  );
  await db.run(
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

/**
 * See `LogStore.readReceipts`. `version` is where to read on from. The newest version is read first: a receipt that comes
 * between the two statements is read again next time, rather than never.
 */
export async function readReceipts(
  { db }: MysqlContext,
  conversation: ConversationId,
  after: number,
  limit: number,
): ReturnType<LogStore["readReceipts"]> {
  const blob = blobOf(conversation);
  const newest = await db.get<{ version: number }>(
    "SELECT receipt_version AS version FROM conversations WHERE conversation = ?",
    blob,
  );
  const rows = await db.all<ReceiptRecord>(
    `SELECT version, kind, user, device, sequence, at, log_hash AS logHash, unopened, signature
     FROM receipts WHERE conversation = ? AND version > ? ORDER BY version LIMIT ?`,
    blob,
    after,
    limit + 1,
  );
  const receipts = rows.slice(0, limit).map((row) => receiptRow(conversation, row));
  const more = rows.length > limit;
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
