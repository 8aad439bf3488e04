import type { DueConversation } from "../../../actors/ports/store-maintenance.ts";
import type { ConversationId, DeviceId, UserId } from "../../../protocol/ids.ts";
import { blobOf, idOf } from "../../blobs.ts";
import { withoutRanges } from "../../sequence-ranges.ts";
import { awaitedBy } from "../../user-delivery.ts";
import type { MysqlContext } from "../mysql-context.ts";
import { newestAwaited } from "./awaited.ts";
import { keyOf, readMembers, type Member } from "./members.ts";
import { boundsColumns, findFloor, type LogBounds } from "./retention.ts";

/** Between two doorbells of a conversation in which nothing new is said. */
const firstPostponeMs = 2_000;
const longestPostponeMs = 60 * 60_000;

type DueRow = LogBounds & { conversation: Buffer; since: number | null; deliveredToAll: number };
type Laggards = DueConversation["laggards"];

/**
 * See `MaintenanceStore.leaseDueConversations`. The conversations' rows are held while it is decided whether anybody lags: a
 * message that is accepted meanwhile comes before, and is seen, or after, and marks its conversation due again. Those that
 * somebody else holds are left for next time.
 */
export async function leaseDueConversations(
  context: MysqlContext,
  now: number,
  limit: number,
  leaseMs: number,
): Promise<{ due: DueConversation[]; more: boolean }> {
  const { db } = context;
  const { rows, more } = await lockDue(context, now, limit);
  if (rows.length === 0) return { due: [], more };
  const conversations = rows.map(({ conversation }) => conversation);
  const members = await readMembers(context, conversations);
  const laggards = await findLaggards(context, conversations);
  const due: DueConversation[] = [];
  const cleared: Buffer[] = [];
  const leased: Buffer[] = [];
  for (const row of rows) {
    const floor = await findFloor(context, row);
    const people = members.get(keyOf(row.conversation))!;
    const watermark = watermarkOf(row, people);
    if (watermark > row.deliveredToAll) await moveWatermark(context, row, watermark);
    const lagging = floor >= row.head ? [] : laggards.get(keyOf(row.conversation))!;
    // A user without a live device lags without a laggard: the row stays until time runs out for them.
    if (lagging.length === 0 && (row.since === null || watermark >= row.head)) {
      cleared.push(row.conversation);
      continue;
    }
    leased.push(row.conversation);
    due.push({
      conversation: idOf<ConversationId>(row.conversation),
      head: row.head,
      laggards: lagging,
      waiting: await findWaiting(context, row, people, floor + 1),
    });
  }
  if (cleared.length > 0) await db.run("DELETE FROM due WHERE conversation IN (?)", cleared);
  if (leased.length > 0) await db.run("UPDATE due SET next_at = ? WHERE conversation IN (?)", now + leaseMs, leased);
  return { due, more };
}

/** What is due, read again under the locks: another sweeper may have leased it meanwhile. */
async function lockDue({ db }: MysqlContext, now: number, limit: number): Promise<{ rows: DueRow[]; more: boolean }> {
  const found = await db.all<{ conversation: Buffer }>(
    "SELECT conversation FROM due WHERE next_at <= ? ORDER BY next_at LIMIT ?",
    now,
    limit,
  );
  if (found.length === 0) return { rows: [], more: false };
  const conversations = found.map(({ conversation }) => conversation);
  const locked = await db.all<Omit<DueRow, "since">>(
    `SELECT ${boundsColumns}, c.delivered_to_all AS deliveredToAll FROM conversations c WHERE c.conversation IN (?)
     ORDER BY c.conversation FOR UPDATE SKIP LOCKED`,
    conversations,
  );
  const due = await db.all<{ conversation: Buffer; since: number | null }>(
    "SELECT conversation, since FROM due WHERE conversation IN (?) AND next_at <= ?",
    conversations,
    now,
  );
  const sinceOf = new Map(due.map(({ conversation, since }) => [keyOf(conversation), since]));
  const rows = locked.flatMap((row) => {
    const since = sinceOf.get(keyOf(row.conversation));
    return since === undefined ? [] : [{ ...row, since }];
  });
  // Where others hold all of them, they are at it, too.
  return { rows, more: found.length === limit && rows.length > 0 };
}

/** See `MaintenanceStore.postponeConversation`. What was accepted since the bell rang is due at once. */
export async function postponeConversation(
  { db }: MysqlContext,
  conversation: ConversationId,
  head: number,
  now: number,
): Promise<void> {
  const blob = blobOf(conversation);
  const held = await db.get<{ head: number }>("SELECT head FROM conversations WHERE conversation = ? FOR UPDATE", blob);
  if (held === undefined) return;
  if (held.head !== head) {
    await db.run("UPDATE due SET attempt = 0, next_at = ? WHERE conversation = ?", now, blob);
    return;
  }
  await db.run(
    "UPDATE due SET next_at = ? + LEAST(? * POW(2, LEAST(attempt, 20)), ?), attempt = attempt + 1 WHERE conversation = ?",
    now,
    firstPostponeMs,
    longestPostponeMs,
    blob,
  );
}

/** Up to where every user of the conversation has everything, or ran out of time, or retention has taken it. */
function watermarkOf({ head, floor }: LogBounds, members: readonly Member[]): number {
  const awaited = members.flatMap((member) => withoutRanges(awaitedBy(member), [[0, floor]]).map(([from]) => from));
  return Math.min(head, ...awaited.map((first) => first - 1));
}

async function moveWatermark({ db }: MysqlContext, { conversation }: DueRow, watermark: number): Promise<void> {
  await db.run("UPDATE conversations SET delivered_to_all = ? WHERE conversation = ?", watermark, conversation);
}

/** Users for whom something of somebody else is here that they have not got. */
async function findWaiting(
  context: MysqlContext,
  bounds: LogBounds,
  members: readonly Member[],
  first: number,
): Promise<DueConversation["waiting"]> {
  const waiting: DueConversation["waiting"] = [];
  for (const member of members) {
    const newestAt = await newestAwaited(context, bounds, member, [first, bounds.head]);
    if (newestAt !== undefined) waiting.push({ user: member.user, newestAt });
  }
  return waiting;
}

/** Live devices in the groups that have not acked to the head, unless time has taken what they lack. */
async function findLaggards({ db }: MysqlContext, conversations: readonly Buffer[]): Promise<Map<string, Laggards>> {
  const laggards = new Map<string, Laggards>(conversations.map((conversation) => [keyOf(conversation), []]));
  const rows = await db.all<{ conversation: Buffer; user: UserId; device: Buffer; position: number }>(
    `SELECT cd.conversation, cd.user, cd.device, cd.position
     FROM conversation_devices cd JOIN conversations c ON c.conversation = cd.conversation
       JOIN devices d ON d.device = cd.device
       JOIN members m ON m.conversation = cd.conversation AND m.user = cd.user
     WHERE cd.conversation IN (?) AND cd.left_sequence IS NULL AND cd.position < c.head AND m.expired_sequence < c.head
       AND d.revoked_at IS NULL
     ORDER BY cd.conversation, cd.device`,
    conversations,
  );
  for (const { conversation, user, device, position } of rows) {
    laggards.get(keyOf(conversation))!.push({ user, device: idOf<DeviceId>(device), position });
  }
  return laggards;
}
