import type { DueConversation } from "../../../actors/ports/store-maintenance.ts";
import type { ConversationId, DeviceId, UserId } from "../../../protocol/ids.ts";
import { blobOf, idOf } from "../../blobs.ts";
import { withoutRanges } from "../../sequence-ranges.ts";
import type { StoreContext } from "../store-context.ts";
import { awaitedBy } from "../../user-delivery.ts";
import { newestAwaited } from "./awaited.ts";
import { readMembers } from "./members.ts";
import { boundsColumns, findFloor, type LogBounds } from "./retention.ts";

/** Between two doorbells of a conversation in which nothing new is said. */
const firstPostponeMs = 2_000;
const longestPostponeMs = 60 * 60_000;

/** See `MaintenanceStore.leaseDueConversations`. Conversations in which nobody lags are cleared on the way. */
export function leaseDueConversations(
  context: StoreContext,
  now: number,
  limit: number,
  leaseMs: number,
): { due: DueConversation[]; more: boolean } {
  const { db } = context;
  const rows = db.all<LogBounds & { since: number | null }>(
    `SELECT ${boundsColumns}, due.since
     FROM due JOIN conversations c ON c.conversation = due.conversation
     WHERE due.next_at <= ? ORDER BY due.next_at LIMIT ?`,
    now,
    limit,
  );
  const due: DueConversation[] = [];
  for (const row of rows) {
    const watermark = moveWatermark(context, row);
    const laggards = findLaggards(context, row);
    // A user without a live device lags without a laggard: the row stays until time runs out for them.
    const someoneMayExpire = row.since !== null && watermark < row.head;
    if (laggards.length === 0 && !someoneMayExpire) {
      db.run("DELETE FROM due WHERE conversation = ?", row.conversation);
      continue;
    }
    db.run("UPDATE due SET next_at = ? WHERE conversation = ?", now + leaseMs, row.conversation);
    const { head } = row;
    const waiting = findWaiting(context, row);
    due.push({ conversation: idOf<ConversationId>(row.conversation), head, laggards, waiting });
  }
  return { due, more: rows.length === limit };
}

/** See `MaintenanceStore.postponeConversation`. */
export function postponeConversation(
  { db }: StoreContext,
  conversation: ConversationId,
  head: number,
  now: number,
): void {
  const blob = blobOf(conversation);
  const row = db.get<{ attempt: number; head: number }>(
    "SELECT due.attempt, c.head FROM due JOIN conversations c ON c.conversation = due.conversation WHERE due.conversation = ?",
    blob,
  );
  if (row === undefined) return;
  // What was accepted since the bell rang is due at once.
  const moved = row.head !== head;
  const waitMs = Math.min(firstPostponeMs * 2 ** Math.min(row.attempt, 20), longestPostponeMs);
  db.run(
    "UPDATE due SET attempt = ?, next_at = ? WHERE conversation = ?",
    moved ? 0 : row.attempt + 1,
    moved ? now : now + waitMs,
    blob,
  );
}

/** Up to where every user of the conversation has everything, or ran out of time, or retention has taken it. */
function moveWatermark(context: StoreContext, { conversation, head, floor }: LogBounds): number {
  const awaited = readMembers(context, conversation).flatMap((member) =>
    withoutRanges(awaitedBy(member), [[0, floor]]).map(([from]) => from),
  );
  const watermark = Math.min(head, ...awaited.map((first) => first - 1));
  context.db.run(
    "UPDATE conversations SET delivered_to_all = max(delivered_to_all, ?) WHERE conversation = ?",
    watermark,
    conversation,
  );
  return watermark;
}

/** Users for whom something of somebody else is here that they have not got. */
function findWaiting(context: StoreContext, bounds: LogBounds): DueConversation["waiting"] {
  const { conversation, head } = bounds;
  const first = findFloor(context, bounds) + 1;
  return readMembers(context, conversation).flatMap((member) => {
    const newestAt = newestAwaited(context, conversation, member, [first, head]);
    return newestAt === undefined ? [] : [{ user: member.user, newestAt }];
  });
}

/** Live devices in the group that have not acked to the head, unless time or retention has taken what they lack. */
function findLaggards(context: StoreContext, bounds: LogBounds): DueConversation["laggards"] {
  const floor = findFloor(context, bounds);
  if (floor >= bounds.head) return [];
  const rows = context.db.all<{ user: UserId; device: Uint8Array; position: number }>(
    `SELECT cd.user, cd.device, cd.position
     FROM conversation_devices cd JOIN devices d ON d.device = cd.device
       JOIN members m ON m.conversation = cd.conversation AND m.user = cd.user
     WHERE cd.conversation = ? AND cd.left_sequence IS NULL AND cd.position < ? AND m.expired_sequence < ?
       AND d.revoked_at IS NULL
     ORDER BY cd.device`,
    bounds.conversation,
    bounds.head,
    bounds.head,
  );
  return rows.map(({ user, device, position }) => ({ user, device: idOf<DeviceId>(device), position }));
}
