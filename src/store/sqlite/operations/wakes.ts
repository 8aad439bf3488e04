import type { DueWake, WakeStore } from "../../../actors/ports/store-wakes.ts";
import type { UserId } from "../../../protocol/ids.ts";
import { parseRanges } from "../../sequence-ranges.ts";
import type { StoreContext } from "../store-context.ts";
import { newestAwaited } from "./awaited.ts";
import { boundsColumns, findFloor, type LogBounds } from "./retention.ts";

type Outcome = Parameters<WakeStore["concludeWake"]>[1];

/** See `WakeStore.noteWaiting`. */
export function noteWaiting(
  { db }: StoreContext,
  waiting: readonly { user: UserId; newestAt: number }[],
  dueAt: number,
  quietMs: number,
): void {
  for (const { user, newestAt } of waiting) {
    db.run(
      `INSERT INTO wakes (user, newest_at, attempt, next_at) VALUES (?1, ?2, 0, ?3)
       ON CONFLICT (user) DO UPDATE SET newest_at = excluded.newest_at, attempt = 0,
         next_at = max(excluded.next_at, coalesce(pushed_at + ?4, 0))
       WHERE newest_at < excluded.newest_at`,
      user,
      newestAt,
      dueAt,
      quietMs,
    );
  }
}

/** See `WakeStore.leaseDueWakes`. */
export function leaseDueWakes(context: StoreContext, now: number, limit: number, leaseMs: number): DueWake[] {
  const { db } = context;
  const rows = db.all<Omit<DueWake, "waits">>(
    "SELECT user, attempt, newest_at AS newestAt FROM wakes WHERE next_at <= ? ORDER BY next_at LIMIT ?",
    now,
    limit,
  );
  for (const { user } of rows) db.run("UPDATE wakes SET next_at = ? WHERE user = ?", now + leaseMs, user);
  return rows.map((row) => ({ ...row, waits: hasSomethingWaiting(context, row.user) }));
}

/** See `WakeStore.readWake`. */
export function readWake(context: StoreContext, user: UserId): DueWake | undefined {
  const row = context.db.get<Omit<DueWake, "waits">>(
    "SELECT user, attempt, newest_at AS newestAt FROM wakes WHERE user = ?",
    user,
  );
  return row && { ...row, waits: hasSomethingWaiting(context, user) };
}

/** See `WakeStore.concludeWake`. */
export function concludeWake(
  { db }: StoreContext,
  { user, newestAt, attempt }: Pick<DueWake, "user" | "newestAt" | "attempt">,
  outcome: Outcome,
): void {
  if (outcome.kind === "done") {
    db.run("DELETE FROM wakes WHERE user = ? AND newest_at = ?", user, newestAt);
    return;
  }
  if (outcome.kind === "postponed") {
    db.run("UPDATE wakes SET next_at = ? WHERE user = ? AND newest_at = ?", outcome.nextAt, user, newestAt);
    return;
  }
  // Something newer came while this was pushed: its own push is due, but not too soon after this one.
  const { nextAt, quietUntil, now } = outcome;
  db.run(
    `UPDATE wakes SET pushed_at = ?2, attempt = iif(newest_at = ?4, ?5 + 1, attempt),
       next_at = iif(newest_at = ?4, ?3, max(next_at, ?6))
     WHERE user = ?1 AND (newest_at > ?4 OR (newest_at = ?4 AND attempt = ?5))`,
    user,
    now,
    nextAt,
    newestAt,
    attempt,
    quietUntil,
  );
}

interface Waiting extends LogBounds {
  joined: number;
  delivered: number;
  missing: string;
  expired: number;
}

/** Only due conversations are looked at: where somebody waits, the conversation is due. */
function hasSomethingWaiting(context: StoreContext, user: UserId): boolean {
  const rows = context.db.all<Waiting>(
    `SELECT ${boundsColumns},
       m.joined_sequence AS joined, m.delivered_sequence AS delivered, m.missing, m.expired_sequence AS expired
     FROM members m JOIN due ON due.conversation = m.conversation JOIN conversations c ON c.conversation = m.conversation
     WHERE m.user = ? AND m.joined_sequence IS NOT NULL AND m.left_sequence IS NULL`,
    user,
  );
  return rows.some(({ missing, ...row }) => {
    const member = { ...row, user, missing: parseRanges(missing) };
    return newestAwaited(context, row.conversation, member, [findFloor(context, row) + 1, row.head]) !== undefined;
  });
}
