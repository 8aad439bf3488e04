/** `sotto export`: everything that the database holds about one user, as JSON. Reads only; nodes may go on meanwhile. */
import type { FileHandle } from "node:fs/promises";
import { once } from "node:events";
import { loadSettings } from "../../config/load-settings.ts";
import type { HeldKey, HeldPage } from "../actors/ports/store-held.ts";
import type { Store } from "../actors/ports/store.ts";
import { userId, type UserId } from "../protocol/ids.ts";
import { openStore } from "../server/open-store.ts";
import { asStartError } from "../server/unusable-database.ts";
import { heldTables } from "../store/held-about-a-user.ts";
import { parseFlags } from "./parse-flags.ts";
import { writeWholeFile } from "./whole-file.ts";
import { WrongUse } from "./wrong-use.ts";

const help = `sotto export: everything that the server holds about a user, as JSON. What is sealed stays sealed: only the user's
devices can read it. docs/operations.md says what stands in each table.

  --user ID        whose
  --output FILE    write to a new file (mode 600) instead of the standard output; it is there when all is in it`;

/** Rows asked for at once. */
const pageRows = 500;

type Write = (text: string) => Promise<void>;

export async function exportUser(args: string[]): Promise<number> {
  const flags = parseFlags(args, { user: { type: "string" }, output: { type: "string" } });
  if (flags === "help") {
    console.log(help);
    return 0;
  }
  const user = userId.safeParse(flags.values.user);
  if (!user.success) throw new WrongUse("--user names the user.");
  const settings = loadSettings();
  const { store } = await openStore(settings);
  const { output } = flags.values;
  try {
    const writeTo = (write: Write): Promise<Record<string, number>> => writeDocument(store, user.data, write);
    const counts = await (output === undefined
      ? writeTo(toStdout)
      : writeWholeFile(output, (file) => writeTo(writerOf(file))));
    const rows = Object.values(counts).reduce((sum, count) => sum + count, 0);
    console.error(rows === 0 ? `Nothing is held about ${user.data}.` : `${rows} rows about ${user.data}.`);
    return rows === 0 ? 1 : 0;
  } catch (error) {
    throw asStartError(settings, error);
  } finally {
    await store.close();
  }
}

/** Row by row, so that it takes no more memory for more of them. Answers how many there were, by table. */
async function writeDocument(store: Store, user: UserId, write: Write): Promise<Record<string, number>> {
  const counts: Record<string, number> = {};
  const head = { format: "sotto-export/1", user, at: new Date().toISOString() };
  await write(`${JSON.stringify(head).slice(0, -1)},"tables":{`);
  for (const table of Object.keys(heldTables)) {
    await write(`${Object.keys(counts).length > 0 ? "," : ""}\n${JSON.stringify(table)}:[`);
    let count = 0;
    let after: HeldKey | undefined;
    do {
      const page: HeldPage = await store.readHeld(user, table, { after, limit: pageRows });
      for (const row of page.rows) await write(`${count++ > 0 ? "," : ""}\n${JSON.stringify(row)}`);
      after = page.after;
    } while (after);
    counts[table] = count;
    await write("]");
  }
  await write("}}\n");
  return counts;
}

const writerOf =
  (file: FileHandle): Write =>
  async (text) => {
    await file.write(text);
  };

/** A reader that goes away ends the waiting, too. */
async function toStdout(text: string): Promise<void> {
  const { stdout } = process;
  if (!stdout.writable || stdout.write(text)) return;
  await Promise.race([once(stdout, "drain"), once(stdout, "close")]);
}
