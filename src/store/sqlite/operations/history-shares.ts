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
import type { StoreContext } from "../store-context.ts";

/** See `HistoryStore.shareHistory`. */
export function shareHistory({ db, now }: StoreContext, share: HistoryShareRow): HistoryShareOutcome {
  const conversation = blobOf(share.conversation);
  const by = db.get<NonNullable<SharingGround["by"]>>(findSharer, blobOf(share.by.device), conversation, share.by.user);
  const other = db.get<NonNullable<SharingGround["with"]>>(findSharedWith, conversation, share.user);
  const from = sharedFrom(share, { by, with: other });
  if (typeof from === "string") return from;
  db.run(
    `INSERT OR REPLACE INTO history_shares (conversation, user, joined_sequence, first_sequence, device, signature, at)
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
export function metInHistory(
  { db }: StoreContext,
  conversation: ConversationId,
  user: UserId,
  others: readonly UserId[],
): UserId[] {
  const rows = db.all<{ user: UserId }>(
    `SELECT o.user FROM members m ${joinOfShares} JOIN members o ON o.conversation = m.conversation
     WHERE m.conversation = ? AND m.user = ? AND m.joined_sequence IS NOT NULL
       AND o.user IN (SELECT value FROM json_each(?)) AND ${isMet} ORDER BY o.user`,
    blobOf(conversation),
    user,
    JSON.stringify(others),
  );
  return rows.map((row) => row.user);
}
