import type { AcceptCommit } from "../../../actors/ports/store-conversations.ts";
import type { Expiry } from "../../../actors/ports/store-maintenance.ts";
import type { ConversationId, UserId } from "../../../protocol/ids.ts";
import { blobOf, idOf } from "../../blobs.ts";
import { dayMs } from "../days.ts";
import type { MysqlContext } from "../mysql-context.ts";
import { newestAwaited } from "./awaited.ts";
import { keyOf, readMembers, usersOf, type Member } from "./members.ts";
import { writeExpired } from "./receipts.ts";
import { boundsColumns, daysFrom, lastBefore, retentionOf, type LogBounds } from "./retention.ts";

/** See `MaintenanceStore.expireUndelivered`. `limit` counts conversations; those that somebody else holds are left for next time. */
export async function expireUndelivered(
  context: MysqlContext,
  now: number,
  ttlMs: number,
  limit: number,
): Promise<{ expiries: Expiry[]; more: boolean }> {
  const { db } = context;
  const due = await db.all<{ conversation: Buffer }>(
    `SELECT due.conversation FROM due JOIN conversations c ON c.conversation = due.conversation
     WHERE due.since < ? OR due.since < ? - c.retention_days * ${dayMs} ORDER BY due.since LIMIT ?`,
    now - ttlMs,
    now,
    limit,
  );
  if (due.length === 0) return { expiries: [], more: false };
  const rows = await db.all<LogBounds & { conversation: Buffer }>(
    `SELECT ${boundsColumns} FROM conversations c WHERE c.conversation IN (?) ORDER BY c.conversation
     FOR UPDATE SKIP LOCKED`,
    due.map(({ conversation }) => conversation),
  );
  const conversations = rows.map(({ conversation }) => conversation);
  const [members, users] = [await readMembers(context, conversations), await usersOf(context, conversations)];
  const expiries: Expiry[] = [];
  for (const row of rows) {
    // What retention has passed nobody can be given any more.
    const waitsMs = row.retentionDays === null ? ttlMs : Math.min(ttlMs, retentionOf(context, row));
    const people = { members: members.get(keyOf(row.conversation))!, users: users.get(keyOf(row.conversation))! };
    expiries.push(...(await expireConversation(context, row, people, { now, before: now - waitsMs })));
  }
  return { expiries, more: due.length === limit };
}

async function expireConversation(
  context: MysqlContext,
  bounds: LogBounds,
  { members, users }: { members: readonly Member[]; users: readonly UserId[] },
  { now, before }: { now: number; before: number },
): Promise<Expiry[]> {
  const { db } = context;
  const { conversation } = bounds;
  const last = await lastBefore(context, bounds, before);
  const expiries: Expiry[] = [];
  for (const member of members) {
    const { user } = member;
    if ((await newestAwaited(context, bounds, member, [0, last])) === undefined) continue;
    const version = await writeExpired(context, { conversation, user, sequence: last, at: now });
    const tell = users.filter((other) => other !== user);
    expiries.push({ conversation: idOf<ConversationId>(conversation), user, sequence: last, at: now, version, tell });
  }
  // What may expire next is the entry after; where there is none, the next accept sets it.
  const next = await db.get<{ acceptedAt: number }>(
    "SELECT accepted_at AS acceptedAt FROM messages WHERE conversation = ? AND sequence = ? AND day BETWEEN ? AND ?",
    conversation,
    last + 1,
    ...daysFrom(bounds, last + 1),
  );
  await db.run("UPDATE due SET since = ? WHERE conversation = ?", next?.acceptedAt ?? null, conversation);
  return expiries;
}

/** What still waits, up to a sequence, for users whose devices are all gone for good runs out: nobody can open it any more. Under the conversation's lock. */
export async function expireReplaced(
  context: MysqlContext,
  { replaced = [], ...commit }: Pick<AcceptCommit, "conversation" | "replaced">,
  { sequence, at }: { sequence: number; at: number },
): Promise<{ user: UserId; version: number }[]> {
  if (replaced.length === 0) return [];
  const conversation = blobOf(commit.conversation);
  const sql = `SELECT ${boundsColumns} FROM conversations c WHERE c.conversation = ?`;
  const bounds = (await context.db.get<LogBounds>(sql, conversation))!;
  const members = (await readMembers(context, [conversation])).get(keyOf(conversation))!;
  const expired: { user: UserId; version: number }[] = [];
  for (const member of members.filter(({ user }) => replaced.includes(user))) {
    if ((await newestAwaited(context, bounds, member, [0, sequence])) === undefined) continue;
    const { user } = member;
    expired.push({ user, version: await writeExpired(context, { conversation, user, sequence, at }) });
  }
  return expired;
}
