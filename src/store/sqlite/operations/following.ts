import type { Departure, FollowingStore, Laggard, ReceiptNews } from "../../../actors/ports/store-following.ts";
import type { ConversationId, DeviceId, UserId } from "../../../protocol/ids.ts";
import { blobOf, idOf } from "../../blobs.ts";
import type { StoreContext } from "../store-context.ts";
import { boundsColumns, findFloor, type LogBounds } from "./retention.ts";

type Read = Parameters<FollowingStore["readLaggards"]>[0];
const nothing = new Uint8Array(0);

/** See `FollowingStore.clock`. */
export const clock = ({ now }: StoreContext): number => now;

/** See `FollowingStore.readLaggards`. Where somebody lags, the conversation is due: only those rows are looked at. */
export function readLaggards(context: StoreContext, { from, to, after, limit }: Read): Laggard[] {
  const rows = context.db.all<LogBounds & Pick<Laggard, "kind" | "user"> & { device: Uint8Array }>(
    `SELECT ${boundsColumns}, c.kind, cd.user, cd.device
     FROM due JOIN conversations c ON c.conversation = due.conversation
       JOIN conversation_devices cd ON cd.conversation = c.conversation
       JOIN devices d ON d.device = cd.device
     WHERE c.last_accepted_at >= ? AND c.last_accepted_at < ? AND cd.left_sequence IS NULL AND cd.position < c.head
       AND d.revoked_at IS NULL AND (cd.conversation, cd.device) > (?, ?)
     ORDER BY cd.conversation, cd.device LIMIT ?`,
    from,
    to,
    after === undefined ? nothing : blobOf(after.conversation),
    after === undefined ? nothing : blobOf(after.device),
    limit,
  );
  return rows
    .filter((row) => findFloor(context, row) < row.head)
    .map(({ conversation, kind, head, user, device }) => ({
      conversation: idOf<ConversationId>(conversation),
      kind,
      head,
      user,
      device: idOf<DeviceId>(device),
    }));
}

/** See `FollowingStore.readReceiptNews`. */
export function readReceiptNews(
  { db }: StoreContext,
  { from, to, after, limit }: Parameters<FollowingStore["readReceiptNews"]>[0],
): ReceiptNews[] {
  const rows = db.all<Omit<ReceiptNews, "conversation"> & { conversation: Uint8Array }>(
    `SELECT DISTINCT c.conversation, c.head, c.receipt_version AS receiptVersion, m.user
     FROM receipts r JOIN conversations c ON c.conversation = r.conversation
       JOIN members m ON m.conversation = r.conversation AND m.user <> r.user AND m.left_sequence IS NULL
     WHERE r.at >= ? AND r.at < ? AND (c.conversation, m.user) > (?, ?)
     ORDER BY c.conversation, m.user LIMIT ?`,
    from,
    to,
    after === undefined ? nothing : blobOf(after.conversation),
    after?.user ?? "",
    limit,
  );
  return rows.map((row) => ({ ...row, conversation: idOf<ConversationId>(row.conversation) }));
}

/** See `FollowingStore.readGroups`. */
export function readGroups({ db }: StoreContext, user: UserId): ConversationId[] {
  const rows = db.all<{ conversation: Uint8Array }>("SELECT conversation FROM group_members WHERE user = ?", user);
  return rows.map(({ conversation }) => idOf<ConversationId>(conversation));
}

/** See `FollowingStore.readDepartures`. */
export function readDepartures({ db }: StoreContext, from: number, limit: number): Departure[] {
  const rows = db.all<{ conversation: Uint8Array; user: UserId }>(
    `SELECT cd.conversation, cd.user
     FROM conversation_devices cd JOIN conversations c ON c.conversation = cd.conversation AND c.kind = 'group'
     WHERE cd.left_at >= ? AND NOT EXISTS
       (SELECT 1 FROM group_members gm WHERE gm.user = cd.user AND gm.conversation = cd.conversation)
     GROUP BY cd.conversation, cd.user ORDER BY max(cd.left_at) LIMIT ?`,
    from,
    limit,
  );
  return rows.map(({ conversation, user }) => ({ conversation: idOf<ConversationId>(conversation), user }));
}

/** See `FollowingStore.readRevocations`. */
export function readRevocations(
  { db }: StoreContext,
  from: number,
  limit: number,
): { device: DeviceId; revokedAt: number }[] {
  const rows = db.all<{ device: Uint8Array; revokedAt: number }>(
    "SELECT device, revoked_at AS revokedAt FROM devices WHERE revoked_at >= ? ORDER BY revoked_at, device LIMIT ?",
    from,
    limit,
  );
  return rows.map(({ device, revokedAt }) => ({ device: idOf<DeviceId>(device), revokedAt }));
}
