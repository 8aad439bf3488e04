/** `sotto migrate`: brings the schema up to date, without starting a node. */
import { databaseName, databaseOf, loadSettings } from "../../config/load-settings.ts";
import { openStore } from "../server/open-store.ts";
import { parseFlags } from "./parse-flags.ts";

const help = `sotto migrate: brings the database's schema up to date. A node does it too when it starts.

  --json   print { database, databaseFile (when embedded), applied }`;

export async function migrate(args: string[]): Promise<number> {
  const flags = parseFlags(args, { json: { type: "boolean" } });
  if (flags === "help") {
    console.log(help);
    return 0;
  }
  const settings = loadSettings();
  const database = databaseName(settings);
  const place = databaseOf(settings);
  const { store, applied } = await openStore(settings);
  await store.close();
  if (flags.values.json === true)
    console.log(JSON.stringify({ database, ...("file" in place && { databaseFile: place.file }), applied }));
  else console.log(applied.length === 0 ? `${database} is up to date.` : `${database}: applied ${applied.join(", ")}.`);
  return 0;
}
