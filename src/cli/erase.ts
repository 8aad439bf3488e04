/** `sotto erase`: takes a user out of the deployment, while its nodes go on. */
import { createInterface } from "node:readline/promises";
import { loadSettings } from "../../config/load-settings.ts";
import type { Settings } from "../../config/settings.ts";
import { atDatabaseTime } from "../../workers/database-time.ts";
import { eraseUser, type ErasedUser } from "../../workers/erase.ts";
import { silentTelemetry } from "../actors/ports/silent-telemetry.ts";
import type { Erasure } from "../actors/ports/store-erasure.ts";
import type { Store } from "../actors/ports/store.ts";
import { isErasedUser } from "../protocol/erased-users.ts";
import { userId, type UserId } from "../protocol/ids.ts";
import { forgetUser } from "../server/forget-user.ts";
import { openBlobs } from "../server/open-blobs.ts";
import { openStore } from "../server/open-store.ts";
import { asStartError } from "../server/unusable-database.ts";
import { Terminal } from "./chat/terminal.ts";
import { parseFlags } from "./parse-flags.ts";
import { WrongUse } from "./wrong-use.ts";

const help = `sotto erase: takes a user out of the deployment: account, devices, keys, subscriptions, receipts, and the name wherever it stands.
What they sent in conversations with others stays, sealed, under a pseudonym, until retention takes it. It cannot be undone.
Nodes may run on. A run that was broken off is gone on with by running it again. docs/operations.md says what remains.

  --user ID   whom
  --yes       without asking; needed where nobody can be asked
  --json      print { user, pseudonym, conversations, tables: [{ table, deleted, kept }], redis, keptUntilDays };
              kept: rows that stay without the name; redis: keys and entries that went, null without REDIS_URL`;

export async function erase(args: string[]): Promise<number> {
  const flags = parseFlags(args, { user: { type: "string" }, yes: { type: "boolean" }, json: { type: "boolean" } });
  if (flags === "help") {
    console.log(help);
    return 0;
  }
  const parsed = userId.safeParse(flags.values.user);
  if (!parsed.success) throw new WrongUse("--user names the user.");
  const user = parsed.data;
  if (isErasedUser(user)) throw new WrongUse("that user has been erased already: the name is a pseudonym.");
  if (flags.values.yes !== true && !(await isMeant(user))) return 1;
  const settings = loadSettings();
  const { store } = await openStore(settings);
  try {
    return await eraseFrom(settings, store, user, flags.values.json === true);
  } catch (error) {
    throw asStartError(settings, error);
  } finally {
    await store.close();
  }
}

async function eraseFrom(settings: Settings, store: Store, user: UserId, isJson: boolean): Promise<number> {
  const blobs = await openBlobs(settings);
  const ports = await atDatabaseTime({ store, ...(blobs && { blobs }), telemetry: silentTelemetry });
  let done = { conversations: 0, rows: 0 };
  const progress = new Terminal().progress(() => `${done.conversations} conversations, ${done.rows} rows`);
  try {
    let redis: number | undefined;
    const elsewhere = async ({ pseudonym }: Erasure) => {
      const devices = await store.readErasedDevices(pseudonym);
      const gone = await forgetUser(settings, { user, names: [user, ...devices.map(({ device }) => device)] });
      if (gone !== undefined) redis = (redis ?? 0) + gone;
    };
    const erased = await eraseUser(ports, user, { progressed: (now) => (done = now), elsewhere });
    progress.stop();
    if (erased === undefined) {
      console.error(`Nothing is held about ${user}.`);
      return 1;
    }
    const keptUntilDays = settings.HISTORY_RETENTION_DAYS;
    if (isJson) console.log(JSON.stringify({ ...erased, redis: redis ?? null, keptUntilDays }));
    else console.log(reportOf(erased, redis, keptUntilDays));
    return 0;
  } finally {
    progress.stop();
  }
}

/** Asks who sits there. Throws `WrongUse` where nobody does. */
async function isMeant(user: UserId): Promise<boolean> {
  if (!process.stdin.isTTY) throw new WrongUse("there is nobody to ask here: say --yes, if it is meant.");
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  try {
    const answer = await terminal.question(`This cannot be undone. Type the name to go on, ${user}: `);
    if (answer.trim() === user) return true;
    console.error("That is another name: nothing was erased.");
    return false;
  } finally {
    terminal.close();
  }
}

function reportOf(
  { user, pseudonym, conversations, tables }: ErasedUser,
  redis: number | undefined,
  days: number,
): string {
  const width = Math.max(5, ...tables.map(({ table }) => table.length));
  const lines = tables.map(
    ({ table, deleted, kept }) => `${table.padEnd(width)}  ${String(deleted).padStart(9)}  ${String(kept).padStart(9)}`,
  );
  const head = `${"table".padEnd(width)}  ${"deleted".padStart(9)}  ${"kept".padStart(9)}`;
  return [
    head,
    ...lines,
    ...(redis === undefined ? [] : [`${redis} keys and entries of Redis.`]),
    `${user} is erased from ${conversations} conversations. What is kept has no name, or ${pseudonym} in its place:`,
    `messages in conversations with others, sealed, for ${days} days at the most, and the keys that verify them, a little longer.`,
  ].join("\n");
}
