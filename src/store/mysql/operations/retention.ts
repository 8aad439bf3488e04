import { dayMs, dayOf } from "../days.ts";
import type { MysqlContext } from "../mysql-context.ts";

/** What of a conversation's row says where its log begins and ends. */
export interface LogBounds {
  conversation: Uint8Array;
  head: number;
  /** Entries at or below are purged. */
  floor: number;
  /** acceptedAt of the entry after the floor; null where there is none. */
  oldestAt: number | null;
  lastAcceptedAt: number;
  tailDay: number;
  tailStart: number;
  /** The conversation's own; null: as long as the deployment keeps messages. */
  retentionDays: number | null;
}

export const boundsColumns = `c.conversation, c.head, c.floor, c.oldest_at AS oldestAt,
  c.last_accepted_at AS lastAcceptedAt, c.tail_day AS tailDay, c.tail_start AS tailStart,
  c.retention_days AS retentionDays`;

/** The days, and with them the partitions, in which entries from a sequence on can be. */
export function daysFrom(bounds: LogBounds, sequence: number): [number, number] {
  if (sequence >= bounds.tailStart) return [bounds.tailDay, bounds.tailDay];
  return [bounds.oldestAt === null ? 0 : dayOf(bounds.oldestAt), bounds.tailDay];
}

/** The shorter of the deployment's retention and the conversation's, in milliseconds. */
export function retentionOf(
  { retentionMs }: MysqlContext,
  { retentionDays }: Pick<LogBounds, "retentionDays">,
): number {
  return retentionDays === null ? retentionMs : Math.min(retentionMs, retentionDays * dayMs);
}

/** The highest sequence that retention has passed, purged or not: what was said up to there nobody reads any more. */
export function findFloor(context: MysqlContext, bounds: LogBounds): Promise<number> {
  return lastBefore(context, bounds, context.now - retentionOf(context, bounds));
}

/** Up to where the log itself is over: the shorter retention of a conversation leaves it to be followed. */
export function findLogFloor(context: MysqlContext, bounds: LogBounds): Promise<number> {
  return lastBefore(context, bounds, context.now - context.retentionMs);
}

/**
 * The highest sequence accepted before a time: the floor where there is none. `acceptedAt` never decreases along the log, so
 * the first entry at or after it ends what is before; most of the time the row alone answers.
 */
export async function lastBefore({ db }: MysqlContext, bounds: LogBounds, before: number): Promise<number> {
  if (bounds.oldestAt === null || bounds.oldestAt >= before) return bounds.floor;
  if (bounds.lastAcceptedAt < before) return bounds.head;
  const first = await db.get<{ sequence: number }>(
    `SELECT sequence FROM messages
     WHERE conversation = ? AND day BETWEEN ? AND ? AND sequence > ? AND accepted_at >= ? ORDER BY sequence LIMIT 1`,
    bounds.conversation,
    dayOf(before),
    bounds.tailDay,
    bounds.floor,
    before,
  );
  return first === undefined ? bounds.head : first.sequence - 1;
}
