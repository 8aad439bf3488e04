import type { DueWake, WakeStore } from "../../../actors/ports/store-wakes.ts";
import type { UserId } from "../../../protocol/ids.ts";
import { parseRanges } from "../../sequence-ranges.ts";
import type { MysqlContext } from "../mysql-context.ts";
import { newestAwaited } from "./awaited.ts";
import { boundsColumns, findFloor, type LogBounds } from "./retention.ts";

type Outcome = Parameters<WakeStore["concludeWake"]>[1];

/** See `WakeStore.noteWaiting`. In order of user, so that two that note the same ones do not stand in each other's way. */
export async function noteWaiting(
  { db }: MysqlContext,
  waiting: readonly { user: UserId; newestAt: number }[],
  dueAt: number,
  quietMs: number,
): Promise<void> {
  for (const { user, newestAt } of waiting.toSorted((one, other) => (one.user < other.user ? -1 : 1))) {
    // What is compared with comes last: the columns before it still have their former values.
    await db.run(
      `INSERT INTO wakes (user, newest_at, attempt, next_at) VALUES (?, ?, 0, ?) ON DUPLICATE KEY UPDATE
         attempt = IF(newest_at < VALUES(newest_at), 0, attempt),
         next_at = IF(newest_at < VALUES(newest_at), GREATEST(VALUES(next_at), COALESCE(pushed_at + ?, 0)), next_at),
         newest_at = GREATEST(newest_at, VALUES(newest_at))`,
      user,
      newestAt,
      dueAt,
      quietMs,
    );
  }
}

/** See `WakeStore.leaseDueWakes`. */
export async function leaseDueWakes(
  context: MysqlContext,
  now: number,
  limit: number,
  leaseMs: number,
): Promise<DueWake[]> {
  const { db } = context;
  const rows = await db.all<Omit<DueWake, "waits">>(
    `SELECT user, attempt, newest_at AS newestAt FROM wakes WHERE next_at <= ? ORDER BY next_at LIMIT ?
     FOR UPDATE SKIP LOCKED`,
    now,
    limit,
  );
  if (rows.length === 0) return [];
  const users = rows.map(({ user }) => user);
  await db.run("UPDATE wakes SET next_at = ? WHERE user IN (?)", now + leaseMs, users);
  const wakes: DueWake[] = [];
  for (const row of rows) wakes.push({ ...row, waits: await hasSomethingWaiting(context, row.user) });
  return wakes;
}

/** See `WakeStore.readWake`. */
export async function readWake(context: MysqlContext, user: UserId): Promise<DueWake | undefined> {
  const row = await context.db.get<Omit<DueWake, "waits">>(
    "SELECT user, attempt, newest_at AS newestAt FROM wakes WHERE user = ?",
    user,
  );
  return row && { ...row, waits: await hasSomethingWaiting(context, user) };
}

/** See `WakeStore.concludeWake`. */
export async function concludeWake(
  { db }: MysqlContext,
  { user, newestAt, attempt }: Pick<DueWake, "user" | "newestAt" | "attempt">,
  outcome: Outcome,
): Promise<void> {
  if (outcome.kind === "done") {
    await db.run("DELETE FROM wakes WHERE user = ? AND newest_at = ?", user, newestAt);
    return;
  }
  if (outcome.kind === "postponed") {
    await db.run("UPDATE wakes SET next_at = ? WHERE user = ? AND newest_at = ?", outcome.nextAt, user, newestAt);
    return;
  }
  // Something newer came while this was pushed: its own push is due, but not too soon after this one.
  const { nextAt, quietUntil, now } = outcome;
  await db.run(
    `UPDATE wakes SET pushed_at = ?, next_at = IF(newest_at = ?, ?, GREATEST(next_at, ?)),
       attempt = IF(newest_at = ?, attempt + 1, attempt)
     WHERE user = ? AND (newest_at > ? OR (newest_at = ? AND attempt = ?))`,
    now,
    newestAt,
    nextAt,
    quietUntil,
    newestAt,
    user,
    newestAt,
    newestAt,
    attempt,
  );
}

type Waiting = LogBounds & { joined: number; delivered: number; missing: string; expired: number };

/** Only due conversations are looked at: where somebody waits, the conversation is due. */
async function hasSomethingWaiting(context: MysqlContext, user: UserId): Promise<boolean> {
  const rows = await context.db.all<Waiting>(
    `SELECT ${boundsColumns}, m.joined_sequence AS joined, m.delivered_sequence AS delivered, m.missing,
       m.expired_sequence AS expired
     FROM members m JOIN due ON due.conversation = m.conversation
       JOIN conversations c ON c.conversation = m.conversation
     WHERE m.user = ? AND m.joined_sequence IS NOT NULL AND m.left_sequence IS NULL`,
    user,
  );
  for (const { missing, ...row } of rows) {
    const member = { ...row, user, missing: parseRanges(missing) };
    const first = (await findFloor(context, row)) + 1;
    if ((await newestAwaited(context, row, member, [first, row.head])) !== undefined) return true;
  }
  return false;
}
