import type { PrivacyRow, ReadMarkOutcome, ReadMarkRow } from "../../../actors/ports/store-reading.ts";
import type { ConversationId, UserId } from "../../../protocol/ids.ts";
import { blobOf } from "../../blobs.ts";
import {
  judgeReadMark,
  privacyOf,
  readMarkColumns,
  readMarkOf,
  type PrivacyRecord,
  type ReadMarkGround,
  type ReadMarkRecord,
} from "../../read-marks.ts";
import type { StoreContext } from "../store-context.ts";
import { blocksThere } from "./blocks.ts";

interface Ground extends ReadMarkGround {
  lastCommit: number;
  receiptVersion: number;
  readVersion: number;
}

/** See `ReadingStore.markRead`. */
export function markRead(context: StoreContext, mark: ReadMarkRow): ReadMarkOutcome {
  const { db, now } = context;
  const conversation = blobOf(mark.conversation);
  const ground = findGround(context, conversation, blobOf(mark.device));
  const judged = judgeReadMark(mark, ground, now);
  if (judged.status !== "mark") return judged;
  const receipt = judged.isTold ? writeRead(context, mark, ground!, judged.isYoung) : undefined;
  db.run(
    `UPDATE members SET read_sequence = ?, read_at = ?, read_device = ?, read_log_hash = ?, read_unopened = ?,
       read_signature = ?, read_for_all = ?, read_version = ?, read_since = ? WHERE conversation = ? AND user = ?`,
    mark.sequence,
    now,
    blobOf(mark.device),
    mark.logHash,
    JSON.stringify(mark.unopened),
    mark.signature,
    mark.audience === "all" ? 1 : 0,
    receipt?.version ?? ground!.readVersion,
    receipt?.since ?? ground!.readSince,
    conversation,
    mark.user,
  );
  return { status: "marked", at: now, version: receipt?.version ?? null };
}

function findGround({ db }: StoreContext, conversation: Uint8Array, device: Uint8Array): Ground | undefined {
  return db.get<Ground>(
    `SELECT cd.user, cd.joined_sequence AS joined, cd.left_sequence AS leftAt, cd.position, d.revoked_at AS revokedAt,
       c.last_commit AS lastCommit, c.receipt_version AS receiptVersion, m.read_sequence AS readSequence,
       m.read_version AS readVersion, m.read_since AS readSince, ${blocksThere} AS isBlocking,
       (SELECT p.read_receipts FROM privacy_settings p WHERE p.user = cd.user) AS receiptsOn
     FROM conversation_devices cd JOIN conversations c ON c.conversation = cd.conversation
       JOIN devices d ON d.device = cd.device JOIN members m ON m.conversation = cd.conversation AND m.user = cd.user
     WHERE cd.conversation = ? AND cd.device = ?`,
    conversation,
    device,
  );
}

/** The receipt that the senders read, in the stream of the conversation's receipts. */
function writeRead(
  { db, now }: StoreContext,
  mark: ReadMarkRow,
  ground: Ground,
  mayReplace: boolean,
): { version: number; since: number } {
  const conversation = blobOf(mark.conversation);
  const device = blobOf(mark.device);
  const isReplacing =
    mayReplace &&
    db.run(
      "DELETE FROM receipts WHERE conversation = ? AND version = ? AND kind = 2 AND device = ? AND sequence >= ?",
      conversation,
      ground.readVersion,
      device,
      ground.lastCommit,
    ) === 1;
  const version = ground.receiptVersion + 1;
  db.run(
    `INSERT INTO receipts (version, sequence, at, log_hash, unopened, signature, conversation, kind, user, device)
     VALUES (?, ?, ?, ?, ?, ?, ?, 2, ?, ?)`,
    version,
    mark.sequence,
    now,
    mark.logHash,
    JSON.stringify(mark.unopened),
    mark.signature,
    conversation,
    mark.user,
    device,
  );
  db.run("UPDATE conversations SET receipt_version = ? WHERE conversation = ?", version, conversation);
  return { version, since: isReplacing ? ground.readSince : now };
}

/** See `ReadingStore.findReadMark`. */
export function findReadMark(
  { db }: StoreContext,
  conversation: ConversationId,
  user: UserId,
): (ReadMarkRow & { at: number }) | undefined {
  const sql = `SELECT ${readMarkColumns} FROM members WHERE conversation = ? AND user = ?`;
  return readMarkOf(conversation, user, db.get<ReadMarkRecord>(sql, blobOf(conversation), user));
}

/** See `ReadingStore.setPrivacy`. */
export function setPrivacy(context: StoreContext, privacy: PrivacyRow): "changed" | "unchanged" {
  const { db } = context;
  const found = findPrivacy(context, privacy.user);
  if (found && found.version >= privacy.version) return "unchanged";
  db.run(
    `INSERT INTO privacy_settings (user, version, read_receipts, typing, device, signature) VALUES (?, ?, ?, ?, ?, ?)
     ON CONFLICT (user) DO UPDATE SET version = excluded.version, read_receipts = excluded.read_receipts,
       typing = excluded.typing, device = excluded.device, signature = excluded.signature`,
    privacy.user,
    privacy.version,
    privacy.readReceipts ? 1 : 0,
    privacy.typing ? 1 : 0,
    blobOf(privacy.device),
    privacy.signature,
  );
  return "changed";
}

/** See `ReadingStore.findPrivacy`. */
export function findPrivacy({ db }: StoreContext, user: UserId): PrivacyRow | undefined {
  const sql = `SELECT version, read_receipts AS readReceipts, typing, device, signature FROM privacy_settings WHERE user = ?`;
  return privacyOf(user, db.get<PrivacyRecord>(sql, user));
}
