/** `sotto purge`: deletes now what the node's timer would delete later, or counts it. */
import { loadSettings } from "../../config/load-settings.ts";
import { atDatabaseTime } from "../../workers/database-time.ts";
import { lastPurge, purgeExpired, type PurgeRun } from "../../workers/purge.ts";
import type { Settings } from "../../config/settings.ts";
import { silentTelemetry } from "../actors/ports/silent-telemetry.ts";
import type { Store } from "../actors/ports/store.ts";
import { openBlobs } from "../server/open-blobs.ts";
import { openStore } from "../server/open-store.ts";
import { asStartError } from "../server/unusable-database.ts";
import { parseFlags } from "./parse-flags.ts";

const help = `sotto purge: deletes what its time has passed, by the settings in force. A node or worker does it by itself, every ten minutes.

  --dry-run   only count what would go
  --last      show what the last one did, whoever did it
  --json      print { dryRun, startedAt, tookMs, nextAt, rows, tables: [{ table, rule, rows, putOff? }] };
              times are milliseconds, since 1970 where they are points; null where --last finds none`;

export async function purge(args: string[]): Promise<number> {
  const flags = parseFlags(args, {
    "dry-run": { type: "boolean" },
    last: { type: "boolean" },
    json: { type: "boolean" },
  });
  if (flags === "help") {
    console.log(help);
    return 0;
  }
  const settings = loadSettings();
  const { store } = await openStore(settings);
  try {
    const dryRun = flags.values["dry-run"] === true;
    const run = flags.values.last === true ? await lastPurge(store) : await purgeNow(settings, store, dryRun);
    if (flags.values.json === true) console.log(JSON.stringify(run ?? null));
    else console.log(run ? tableOf(run) : "Nothing has been purged here yet.");
    return 0;
  } catch (error) {
    throw asStartError(settings, error);
  } finally {
    await store.close();
  }
}

async function purgeNow(settings: Settings, store: Store, dryRun: boolean): Promise<PurgeRun> {
  const blobs = await openBlobs(settings);
  const ports = { store, ...(blobs && { blobs }), telemetry: silentTelemetry };
  return purgeExpired(await atDatabaseTime(ports), { dryRun });
}

/** What there is a rule for and nothing to do is one line at the end. */
function tableOf(run: PurgeRun): string {
  const ends = run.tables.filter(({ rule }) => !rule.startsWith("kept: "));
  const shown = ends.filter(({ rows, putOff }) => rows > 0 || putOff);
  const width = Math.max(5, ...shown.map(({ table }) => table.length));
  const lines = shown.map(
    ({ table, rule, rows, putOff }) =>
      `${String(rows).padStart(9)}  ${table.padEnd(width)}  ${rule}${putOff ? " (the rest later: somebody reads or holds it)" : ""}`,
  );
  const head = shown.length > 0 ? [`${"rows".padStart(9)}  ${"table".padEnd(width)}  what its time has passed`] : [];
  const idle = `${ends.length - shown.length} of ${ends.length} rules find nothing; ${run.tables.length - ends.length} tables are kept.`;
  const when = `${run.rows} rows, ${seconds(run.tookMs)}; next about ${new Date(run.nextAt).toISOString()}.`;
  return [...head, ...lines, idle, when, run.dryRun ? "Nothing was deleted: --dry-run." : outcomeOf(run)].join("\n");
}

const seconds = (ms: number) => `${(ms / 1000).toFixed(1)} s`;

function outcomeOf({ tables }: PurgeRun): string {
  const putOff = new Set(tables.filter((line) => line.putOff).map(({ table }) => table));
  if (putOff.size === 0) return "Deleted.";
  return (
    `Not all was deleted: somebody reads or holds some of ${[...putOff].join(", ")}.\n` +
    "The rest is deleted when you run it again later, or by a node or worker at its next turn."
  );
}
