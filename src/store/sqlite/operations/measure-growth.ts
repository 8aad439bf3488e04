import type { Growth } from "../../../actors/ports/store-maintenance.ts";
import type { StoreContext } from "../store-context.ts";

const dayMs = 24 * 60 * 60_000;
const longestMs = 7 * dayMs;
/** Looked at one by one: the latest. */
const entriesAtMost = 100_000;

/** See `MaintenanceStore.measureGrowth`. Rows are in the order in which they came, so the latest are the last. */
export function measureGrowth({ db }: StoreContext, now: number): Growth {
  const found = db.get<{ entries: number; payloadBytes: number; firstAt: number | null }>(
    `SELECT count(*) AS entries, coalesce(sum(length(payload)), 0) AS payloadBytes, min(accepted_at) AS firstAt
     FROM messages WHERE rowid > (SELECT coalesce(max(rowid), 0) FROM messages) - ? AND accepted_at >= ?`,
    entriesAtMost,
    now - longestMs,
  )!;
  const { entries, payloadBytes, firstAt } = found;
  return { days: firstAt === null ? 0 : (now - firstAt) / dayMs, entries, payloadBytes };
}
