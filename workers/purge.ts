/** Whatever grows has an end: deletes what its time has passed, by the store's rules, and reports what that was. */
import type { PurgeReport } from "../src/actors/ports/store-maintenance.ts";
import { removeEndedBlobs } from "./blobs.ts";
import type { WorkerPorts } from "./worker-ports.ts";

/** Rows deleted in one transaction: few enough that nobody waits for it. */
const rowsPerChunk = 500;
export const purgeEveryMs = 10 * 60_000;
/**
 * Of the log, dropped in one turn: whoever writes waits for each, and of several in a row the slowest hundredth of all messages would be made. There is
 * more than one only where nothing was purged for days, or the retention was shortened.
 */
const partitionsPerTurn = 1;

/** What one purge did, or would do: times in milliseconds, since 1970 where they are points. */
export interface PurgeRun {
  dryRun: boolean;
  startedAt: number;
  tookMs: number;
  /** When a node or a worker is to do it again, about. */
  nextAt: number;
  /** All tables together. */
  rows: number;
  tables: PurgeReport;
}

/** A scheduled turn of the purge. */
export const purgeInTurn = (ports: Parameters<typeof purgeExpired>[0]): Promise<PurgeRun> =>
  purgeExpired(ports, { partitions: partitionsPerTurn });

/** `partitions`: of the log, dropped at most; not said: all that are past. */
export async function purgeExpired(
  { store, blobs, telemetry, now }: Pick<WorkerPorts, "store" | "blobs" | "telemetry" | "now">,
  options: { dryRun?: boolean; partitions?: number } = {},
): Promise<PurgeRun> {
  const dryRun = options.dryRun ?? false;
  const [startedAt, began] = [now(), performance.now()];
  const ended = blobs && { blobs, store, telemetry, now };
  const gone = dryRun || !ended ? { rows: await store.countExpiredBlobs(startedAt) } : await removeEndedBlobs(ended);
  const ofBlobs: PurgeReport = ended ? [{ table: "blobs", rule: "over, with their bytes", ...gone }] : [];
  const tables = [...ofBlobs, ...(await store.purge({ ...options, now: startedAt, dryRun, chunk: rowsPerChunk }))];
  const tookMs = Math.round(performance.now() - began);
  const rows = tables.reduce((sum, line) => sum + line.rows, 0);
  const run = { dryRun, startedAt, tookMs, nextAt: startedAt + purgeEveryMs, rows, tables };
  if (dryRun) return run;
  for (const line of tables) {
    const { table, rule } = line;
    if (line.putOff) telemetry.log.warn("purge.put-off", { table, rule });
    if (line.rows === 0) continue;
    telemetry.metrics.count("rows_purged", { table }, line.rows);
    telemetry.log.info("purge.deleted", { table, rule, count: line.rows });
  }
  telemetry.log.info("purge.done", { count: rows, durationMs: tookMs, nextAt: new Date(run.nextAt).toISOString() });
  await store.noteReport("purge", JSON.stringify(run));
  return run;
}

/** Of the last purge that deleted, by whomever; undefined before the first. */
export async function lastPurge(store: Pick<WorkerPorts["store"], "readReport">): Promise<PurgeRun | undefined> {
  const report = await store.readReport("purge");
  return report === undefined ? undefined : (JSON.parse(report) as PurgeRun);
}
