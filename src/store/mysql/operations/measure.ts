import type { MaintenanceStore } from "../../../actors/ports/store-maintenance.ts";
import type { MysqlContext } from "../mysql-context.ts";

/** See `MaintenanceStore.measure`. The log is counted by its ends, not row by row. */
export async function measure({ db }: MysqlContext): ReturnType<MaintenanceStore["measure"]> {
  const log = await db.get<{ conversations: number; messages: number }>(
    "SELECT COUNT(*) AS conversations, COALESCE(SUM(head - floor), 0) AS messages FROM conversations",
  );
  const counts = await db.get<{ devices: number; due: number; bytes: number }>(
    `SELECT (SELECT COUNT(*) FROM devices WHERE revoked_at IS NULL) AS devices, (SELECT COUNT(*) FROM due) AS due,
       (SELECT COALESCE(SUM(data_length + index_length), 0) FROM information_schema.tables
        WHERE table_schema = DATABASE()) AS bytes`,
  );
  return { ...log!, ...counts! };
}
