import type { Growth } from "../../../actors/ports/store-maintenance.ts";
import { dayMs, dayOf } from "../days.ts";
import type { MysqlContext } from "../mysql-context.ts";

/** Counted one by one, as far as the database thinks that there are no more. */
const entriesAtMost = 500_000;

/** See `MaintenanceStore.measureGrowth`. Of seven days, or where those are too many to count, of the last. */
export async function measureGrowth({ db }: MysqlContext, now: number): Promise<Growth> {
  const guess = await db.get<{ entries: number }>(
    `SELECT COALESCE(SUM(table_rows), 0) AS entries FROM information_schema.partitions
     WHERE table_schema = DATABASE() AND table_name = 'messages'
       AND (partition_description = 'MAXVALUE' OR CAST(partition_description AS SIGNED) > ?)`,
    dayOf(now) - 7,
  );
  const since = now - (guess!.entries > entriesAtMost ? 1 : 7) * dayMs;
  const found = await db.get<{ entries: number; payloadBytes: number; firstAt: number | null }>(
    `SELECT COUNT(*) AS entries, COALESCE(SUM(LENGTH(payload)), 0) AS payloadBytes, MIN(accepted_at) AS firstAt
     FROM messages WHERE day >= ? AND accepted_at >= ?`,
    dayOf(since),
    since,
  );
  const { entries, payloadBytes, firstAt } = found!;
  return { days: firstAt === null ? 0 : (now - firstAt) / dayMs, entries, payloadBytes: Number(payloadBytes) };
}
