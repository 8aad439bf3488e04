/** `sotto migrate`: brings the schema up to date, without starting a node. */
import { databaseFile, loadSettings } from "../../config/load-settings.ts";
import { openNodeStore } from "../store/open-node-store.ts";
import { parseFlags } from "./parse-flags.ts";

const help = `sotto migrate: brings the database's schema up to date. A node does it too when it starts.

  --json   print { databaseFile, applied }`;

export async function migrate(args: string[]): Promise<number> {
  const flags = parseFlags(args, { json: { type: "boolean" } });
  if (flags === "help") {
    console.log(help);
    return 0;
  }
  const settings = loadSettings();
  const file = databaseFile(settings);
  const { store, applied } = await openNodeStore(file, settings);
  await store.close();
  if (flags.values.json === true) console.log(JSON.stringify({ databaseFile: file, applied }));
  else console.log(applied.length === 0 ? `${file} is up to date.` : `${file}: applied ${applied.join(", ")}.`);
  return 0;
}
