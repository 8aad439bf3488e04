import type { MaintenanceStore } from "../../../actors/ports/store-maintenance.ts";
import type { MysqlContext } from "../mysql-context.ts";

/** See `MaintenanceStore.claimSweep`. A clock that went back is no reason to wait for what it said before. */
export async function claimSweep({ db }: MysqlContext, name: string, everyMs: number, now: number): Promise<boolean> {
  const due = now - everyMs;
  const sql = "UPDATE sweeps SET ran_at = ? WHERE name = ? AND (ran_at <= ? OR ran_at > ?)";
  if ((await db.run(sql, now, name, due, now)) === 1) return true;
  return (await db.run("INSERT IGNORE INTO sweeps (name, ran_at) VALUES (?, ?)", name, now)) === 1;
}

/** See `MaintenanceStore.readSweeps`. */
export function readSweeps({ db }: MysqlContext): ReturnType<MaintenanceStore["readSweeps"]> {
  return db.all<{ name: string; ranAt: number }>("SELECT name, ran_at AS ranAt FROM sweeps ORDER BY name");
}

/** See `MaintenanceStore.noteReport`. */
export async function noteReport({ db }: MysqlContext, name: string, report: string): Promise<void> {
  const sql = "INSERT INTO sweep_reports (name, report) VALUES (?, ?) ON DUPLICATE KEY UPDATE report = VALUES(report)";
  await db.run(sql, name, report);
}

/** See `MaintenanceStore.readReport`. */
export async function readReport({ db }: MysqlContext, name: string): Promise<string | undefined> {
  return (await db.get<{ report: string }>("SELECT report FROM sweep_reports WHERE name = ?", name))?.report;
}
