import type { StoreContext } from "../store-context.ts";

export const dayMs = 24 * 60 * 60_000;

/** What of a conversation's row says where its log begins and ends. */
export interface LogBounds {
  conversation: Uint8Array;
  head: number;
  /** Entries at or below are purged. */
  floor: number;
  /** acceptedAt of the entry after the floor; null where there is none. */
  oldestAt: number | null;
  lastAcceptedAt: number;
  /** The conversation's own; null: as long as the deployment keeps messages. */
  retentionDays: number | null;
}

export const boundsColumns = `c.conversation, c.head, c.floor, c.oldest_at AS oldestAt, c.last_accepted_at AS lastAcceptedAt,
  c.retention_days AS retentionDays`;

/** The shorter of the deployment's retention and the conversation's, in milliseconds. */
export function retentionOf(
  { retentionMs }: StoreContext,
  { retentionDays }: Pick<LogBounds, "retentionDays">,
): number {
  return retentionDays === null ? retentionMs : Math.min(retentionMs, retentionDays * dayMs);
}

/** The highest sequence that retention has passed, purged or not: what was said up to there nobody reads any more. */
export function findFloor(context: StoreContext, bounds: LogBounds): number {
  return lastBefore(context, bounds, context.now - retentionOf(context, bounds));
}

/** Up to where the log itself is over: the shorter retention of a conversation leaves it to be followed. */
export function findLogFloor(context: StoreContext, bounds: LogBounds): number {
  return lastBefore(context, bounds, context.now - context.retentionMs);
}

/**
 * The highest sequence accepted before a time: the floor where there is none. Entries are without gap and `acceptedAt`
 * never decreases along them, so halving finds it in a few look-ups by primary key.
 */
export function lastBefore({ db }: StoreContext, bounds: LogBounds, before: number): number {
  if (bounds.oldestAt === null || bounds.oldestAt >= before) return bounds.floor;
  if (bounds.lastAcceptedAt < before) return bounds.head;
  let older = bounds.floor + 1;
  let newer = bounds.head;
  while (newer - older > 1) {
    const middle = older + Math.floor((newer - older) / 2);
    const { acceptedAt } = db.get<{ acceptedAt: number }>(
      "SELECT accepted_at AS acceptedAt FROM messages WHERE conversation = ? AND sequence = ?",
      bounds.conversation,
      middle,
    )!;
    if (acceptedAt < before) older = middle;
    else newer = middle;
  }
  return older;
}
