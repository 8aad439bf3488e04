/** `sotto purge`: deletes now what the node's timer would delete later, or counts it. */
import { loadSettings } from "../../config/load-settings.ts";
import { atDatabaseTime } from "../../workers/database-time.ts";
import { purgeExpired } from "../../workers/purge.ts";
import { silentTelemetry } from "../actors/ports/silent-telemetry.ts";
import type { PurgeReport } from "../actors/ports/store-maintenance.ts";
import { openBlobs } from "../server/open-blobs.ts";
import { openStore } from "../server/open-store.ts";
import { asStartError } from "../server/unusable-database.ts";
import { parseFlags } from "./parse-flags.ts";

const help = `sotto purge: deletes what its time has passed, by the settings in force. A node does it by itself, on a timer.

  --dry-run   only count what would go
  --json      print [{ table, rule, rows, putOff? }]`;

export async function purge(args: string[]): Promise<number> {
  const flags = parseFlags(args, { "dry-run": { type: "boolean" }, json: { type: "boolean" } });
  if (flags === "help") {
    console.log(help);
    return 0;
  }
  const dryRun = flags.values["dry-run"] === true;
  const settings = loadSettings();
  const { store } = await openStore(settings);
  try {
    const blobs = await openBlobs(settings);
    const ports = { store, ...(blobs && { blobs }), telemetry: silentTelemetry };
    const report = await purgeExpired(await atDatabaseTime(ports), { dryRun });
    if (flags.values.json === true) console.log(JSON.stringify(report));
    else console.log(report.map(lineOf).join("\n"));
    if (flags.values.json !== true) console.log(dryRun ? "Nothing was deleted: --dry-run." : outcomeOf(report));
    return 0;
  } catch (error) {
    throw asStartError(settings, error);
  } finally {
    await store.close();
  }
}

function outcomeOf(report: PurgeReport): string {
  const putOff = new Set(report.filter((line) => line.putOff).map(({ table }) => table));
  if (putOff.size === 0) return "Deleted.";
  return (
    `Not all was deleted: somebody reads or holds some of ${[...putOff].join(", ")}.\n` +
    "The rest is deleted when you run it again later, or by a node or worker at its next turn."
  );
}

function lineOf({ table, rule, rows, putOff }: PurgeReport[number]): string {
  return `${String(rows).padStart(9)}  ${table}: ${rule}${putOff ? " (the rest later: somebody reads or holds it)" : ""}`;
}
