import type { Departure, FollowingStore, Laggard, ReceiptNews } from "../../../actors/ports/store-following.ts";
import type { ConversationId, DeviceId, UserId } from "../../../protocol/ids.ts";
import { blobOf, idOf } from "../../blobs.ts";
import type { MysqlContext } from "../mysql-context.ts";
import { boundsColumns, findFloor, type LogBounds } from "./retention.ts";

type Read = Parameters<FollowingStore["readLaggards"]>[0];
const nothing = Buffer.alloc(0);

/** See `FollowingStore.clock`. */
export const clock = ({ now }: MysqlContext): Promise<number> => Promise.resolve(now);

/** See `FollowingStore.readLaggards`. By the index on when conversations were last written to: quiet ones cost nothing. */
export async function readLaggards(context: MysqlContext, { from, to, after, limit }: Read): Promise<Laggard[]> {
  const [conversation, device] = after ? [blobOf(after.conversation), blobOf(after.device)] : [nothing, nothing];
  const rows = await context.db.all<LogBounds & Pick<Laggard, "kind" | "user"> & { device: Buffer }>(
    `SELECT ${boundsColumns}, c.kind, cd.user, cd.device
     FROM conversations c JOIN conversation_devices cd ON cd.conversation = c.conversation
       JOIN devices d ON d.device = cd.device
     WHERE c.last_accepted_at >= ? AND c.last_accepted_at < ? AND cd.left_sequence IS NULL AND cd.position < c.head
       AND d.revoked_at IS NULL AND c.conversation >= ? AND (cd.conversation > ? OR cd.device > ?)
     ORDER BY cd.conversation, cd.device LIMIT ?`,
    from,
    to,
    conversation,
    conversation,
    device,
    limit,
  );
  const laggards: Laggard[] = [];
  for (const row of rows) {
    if ((await findFloor(context, row)) >= row.head) continue;
    const { kind, head, user } = row;
    laggards.push({
      conversation: idOf<ConversationId>(row.conversation),
      kind,
      head,
      user,
      device: idOf<DeviceId>(row.device),
    });
  }
  return laggards;
}

/** See `FollowingStore.readReceiptNews`. */
export async function readReceiptNews(
  { db }: MysqlContext,
  { from, to, after, limit }: Parameters<FollowingStore["readReceiptNews"]>[0],
): Promise<ReceiptNews[]> {
  const conversation = after === undefined ? nothing : blobOf(after.conversation);
  const rows = await db.all<Omit<ReceiptNews, "conversation"> & { conversation: Buffer }>(
    `SELECT DISTINCT c.conversation, c.head, c.receipt_version AS receiptVersion, m.user
     FROM receipts r JOIN conversations c ON c.conversation = r.conversation
       JOIN members m ON m.conversation = r.conversation AND m.user <> r.user AND m.left_sequence IS NULL
     WHERE r.at >= ? AND r.at < ? AND c.conversation >= ? AND (c.conversation > ? OR m.user > ?)
     ORDER BY c.conversation, m.user LIMIT ?`,
    from,
    to,
    conversation,
    conversation,
    after?.user ?? "",
    limit,
  );
  return rows.map((row) => ({ ...row, conversation: idOf<ConversationId>(row.conversation) }));
}

/** See `FollowingStore.readGroups`. */
export async function readGroups({ db }: MysqlContext, user: UserId): Promise<ConversationId[]> {
  const rows = await db.all<{ conversation: Buffer }>("SELECT conversation FROM group_members WHERE user = ?", user);
  return rows.map(({ conversation }) => idOf<ConversationId>(conversation));
}

/** See `FollowingStore.readDepartures`. */
export async function readDepartures({ db }: MysqlContext, from: number, limit: number): Promise<Departure[]> {
  const rows = await db.all<{ conversation: Buffer; user: UserId }>(
    `SELECT cd.conversation, cd.user, MAX(cd.left_at) AS leftAt
     FROM conversation_devices cd JOIN conversations c ON c.conversation = cd.conversation AND c.kind = 'group'
       LEFT JOIN group_members gm ON gm.user = cd.user AND gm.conversation = cd.conversation
     WHERE cd.left_at >= ? AND gm.user IS NULL
     GROUP BY cd.conversation, cd.user ORDER BY leftAt LIMIT ?`,
    from,
    limit,
  );
  return rows.map(({ conversation, user }) => ({ conversation: idOf<ConversationId>(conversation), user }));
}

/** See `FollowingStore.readRevocations`. */
export async function readRevocations(
  { db }: MysqlContext,
  from: number,
  limit: number,
): Promise<{ device: DeviceId; revokedAt: number }[]> {
  const rows = await db.all<{ device: Buffer; revokedAt: number }>(
    "SELECT device, revoked_at AS revokedAt FROM devices WHERE revoked_at >= ? ORDER BY revoked_at, device LIMIT ?",
    from,
    limit,
  );
  return rows.map(({ device, revokedAt }) => ({ device: idOf<DeviceId>(device), revokedAt }));
}
