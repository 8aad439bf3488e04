import type { HistoryShareOutcome, HistoryShareRow } from "../../../actors/ports/store-history.ts";
import type { ConversationId, UserId } from "../../../protocol/ids.ts";
import { blobOf } from "../../blobs.ts";
import {
  findSharedWith,
  findSharer,
  isMet,
  joinOfShares,
  sharedFrom,
  type SharingGround,
} from "../../history-sharing.ts";
import type { MysqlContext } from "../mysql-context.ts";

/** See `HistoryStore.shareHistory`. Under the conversation's lock: roles and roster do not change meanwhile. */
export async function shareHistory({ db, now }: MysqlContext, share: HistoryShareRow): Promise<HistoryShareOutcome> {
  const conversation = blobOf(share.conversation);
  await db.get("SELECT 1 AS held FROM conversations WHERE conversation = ? FOR UPDATE", conversation);
  const by = await db.get<NonNullable<SharingGround["by"]>>(
    findSharer,
    blobOf(share.by.device),
    conversation,
    share.by.user,
  );
  const other = await db.get<NonNullable<SharingGround["with"]>>(findSharedWith, conversation, share.user);
  const from = sharedFrom(share, { by, with: other });
  if (typeof from === "string") return from;
  await db.run(
    `REPLACE INTO history_shares (conversation, user, joined_sequence, first_sequence, device, signature, at)
     VALUES (?, ?, ?, ?, ?, ?, ?)`,
    conversation,
    share.user,
    share.joinedSequence,
    from.first,
    blobOf(share.by.device),
    share.signature,
    now,
  );
  return "shared";
}

/** See `HistoryStore.metInHistory`. */
export async function metInHistory(
  { db }: MysqlContext,
  conversation: ConversationId,
  user: UserId,
  others: readonly UserId[],
): Promise<UserId[]> {
  if (others.length === 0) return [];
  const rows = await db.all<{ user: UserId }>(
    `SELECT o.user FROM members m ${joinOfShares} JOIN members o ON o.conversation = m.conversation
     WHERE m.conversation = ? AND m.user = ? AND m.joined_sequence IS NOT NULL
       AND o.user IN (?) AND ${isMet} ORDER BY o.user`,
    blobOf(conversation),
    user,
    [...others],
  );
  return rows.map((row) => row.user);
}
