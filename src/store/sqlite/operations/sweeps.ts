import type { Outcome } from "../../../actors/ports/store-maintenance.ts";
import type { StoreContext } from "../store-context.ts";

/** See `MaintenanceStore.claimSweep`. A clock that went back is no reason to wait for what it said before. */
export function claimSweep({ db }: StoreContext, name: string, everyMs: number, now: number): boolean {
  const claimed = db.run(
    `INSERT INTO sweeps (name, ran_at) VALUES (?1, ?2)
     ON CONFLICT (name) DO UPDATE SET ran_at = excluded.ran_at WHERE ran_at <= ?3 OR ran_at > ?2`,
    name,
    now,
    now - everyMs,
  );
  return claimed === 1;
}

/** See `MaintenanceStore.readSweeps`. */
export function readSweeps({ db }: StoreContext): { name: string; ranAt: number }[] {
  return db.all<{ name: string; ranAt: number }>("SELECT name, ran_at AS ranAt FROM sweeps ORDER BY name");
}

/** See `MaintenanceStore.noteReport`. */
export function noteReport({ db }: StoreContext, name: string, report: string): void {
  db.run("INSERT OR REPLACE INTO sweep_reports (name, report) VALUES (?, ?)", name, report);
}

/** See `MaintenanceStore.readReport`. */
export function readReport({ db }: StoreContext, name: string): string | undefined {
  return db.get<{ report: string }>("SELECT report FROM sweep_reports WHERE name = ?", name)?.report;
}

/** See `MaintenanceStore.prepare`. A SQLite file needs no room ahead of time. */
export function prepare(): Outcome {
  return "done";
}
