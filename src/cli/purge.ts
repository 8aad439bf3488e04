/** `sotto purge`: deletes now what the node's timer would delete later, or counts it. */
import { databaseFile, loadSettings } from "../../config/load-settings.ts";
import { purgeExpired } from "../../workers/purge.ts";
import { silentTelemetry } from "../actors/ports/silent-telemetry.ts";
import { openNodeStore } from "../store/open-node-store.ts";
import { parseFlags } from "./parse-flags.ts";

const help = `sotto purge: deletes what its time has passed, by the settings in force. A node does it by itself, on a timer.

  --dry-run   only count what would go
  --json      print [{ table, rule, rows }]`;

export async function purge(args: string[]): Promise<number> {
  const flags = parseFlags(args, { "dry-run": { type: "boolean" }, json: { type: "boolean" } });
  if (flags === "help") {
    console.log(help);
    return 0;
  }
  const dryRun = flags.values["dry-run"] === true;
  const settings = loadSettings();
  const { store } = await openNodeStore(databaseFile(settings), settings);
  try {
    const report = await purgeExpired({ store, telemetry: silentTelemetry, now: Date.now }, { dryRun });
    if (flags.values.json === true) console.log(JSON.stringify(report));
    else
      console.log(report.map(({ table, rule, rows }) => `${String(rows).padStart(9)}  ${table}: ${rule}`).join("\n"));
    if (flags.values.json !== true) console.log(dryRun ? "Nothing was deleted: --dry-run." : "Deleted.");
    return 0;
  } finally {
    await store.close();
  }
}
