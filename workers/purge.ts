/** Whatever grows has an end: deletes what its time has passed, by the store's rules, and counts it. */
import type { PurgeReport } from "../src/actors/ports/store-maintenance.ts";
import { removeEndedBlobs } from "./blobs.ts";
import type { WorkerPorts } from "./worker-ports.ts";

/** Rows deleted in one transaction: few enough that nobody waits for it. */
const rowsPerChunk = 500;

export async function purgeExpired(
  { store, blobs, telemetry, now }: Pick<WorkerPorts, "store" | "blobs" | "telemetry" | "now">,
  options: { dryRun?: boolean } = {},
): Promise<PurgeReport> {
  const dryRun = options.dryRun ?? false;
  const ended = blobs && { blobs, store, telemetry, now };
  const gone = dryRun || !ended ? { rows: await store.countExpiredBlobs(now()) } : await removeEndedBlobs(ended);
  const ofBlobs: PurgeReport = ended ? [{ table: "blobs", rule: "over, with their bytes", ...gone }] : [];
  const ofTables = await store.purge({ now: now(), dryRun, chunk: rowsPerChunk });
  const report = [...ofBlobs, ...ofTables];
  if (dryRun) return report;
  for (const { table, rule, rows, putOff } of report) {
    if (putOff) telemetry.log.warn("purge.put-off", { table, rule });
    if (rows === 0) continue;
    telemetry.metrics.count("rows_purged", { table }, rows);
    telemetry.log.info("purge.deleted", { table, rule, count: rows });
  }
  return report;
}
