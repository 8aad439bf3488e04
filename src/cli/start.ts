/** `sotto start`: runs a node until it is told to stop. */
import { resolve as absolute } from "node:path";
import { hasSharedDatabase, loadSettings } from "../../config/load-settings.ts";
import type { Settings } from "../../config/settings.ts";
import { ownSecretFile } from "../accounts/own-secret.ts";
import { createLog } from "../observability/log.ts";
import { sottoVersion } from "../protocol/version.ts";
import { startServer, type RunningNode } from "../server.ts";
import { parseFlags } from "./parse-flags.ts";
import { askedToStop, endInTime, surviveFaults } from "./process-end.ts";

const help = `sotto start: runs a node until SIGTERM or SIGINT, then drains and ends.

Everything is a setting in the environment, for example:
  PORT=3001 DATA_DIR=/srv/sotto sotto start
All of them: sotto config. A banner goes to stdout, logs as JSON lines to stderr (LOG_LEVEL).

  --json   print one line of JSON instead of the banner`;

/** Beyond the time for draining, to release what is left. */
const closeGraceMs = 1500;

export async function start(args: string[]): Promise<number> {
  const flags = parseFlags(args, { json: { type: "boolean" } });
  if (flags === "help") {
    console.log(help);
    return 0;
  }
  const settings = loadSettings();
  const log = createLog({ level: settings.LOG_LEVEL });
  surviveFaults(log);
  const asked = askedToStop(log);
  const node = await startServer(settings, log);
  console.log(flags.values.json === true ? JSON.stringify(summary(node, settings)) : banner(node, settings));
  await asked;
  return endInTime(node, settings.DRAIN_SECONDS * 1000 + closeGraceMs);
}

type Mode = "embedded" | "database shared" | "cluster";

function modeOf(settings: Settings): Mode {
  if (settings.REDIS_URL !== "") return "cluster";
  return hasSharedDatabase(settings) ? "database shared" : "embedded";
}

function summary(node: RunningNode, settings: Settings) {
  const { url, opsUrl, database, databaseFile } = node;
  return { url, opsUrl, database, databaseFile, mode: modeOf(settings), pid: process.pid };
}

const about: Readonly<Record<Mode, string>> = {
  embedded: "embedded: one machine, no failover",
  "database shared": "one node on a database of its own machine or another; REDIS_URL makes it one of a cluster",
  cluster: "a node of a cluster: others serve when this one does not",
};

function banner(node: RunningNode, settings: Settings): string {
  const mode = modeOf(settings);
  return `
  Sotto ${sottoVersion} is listening on ${node.url}

  ${about[mode]}
  data      ${node.database}${secretLine(node, settings)}${mode === "cluster" ? redisLine(settings) : ""}
  health    ${node.opsUrl}/readyz
${mode === "embedded" ? firstMessage(node, settings) : ""}
  Ctrl-C stops the node. What was accepted stays.
`;
}

function secretLine(node: RunningNode, settings: Settings): string {
  if (!node.madeOwnSecret) return "";
  return `\n  secret    made one to sign tokens, for this user's eyes only: ${absolute(ownSecretFile(settings.DATA_DIR))}`;
}

function redisLine(settings: Settings): string {
  return `\n  Redis     ${new URL(settings.REDIS_URL).host}, ${settings.CLUSTER_ADAPTER}; the work behind is done by: sotto worker`;
}

function firstMessage(node: RunningNode, settings: Settings): string {
  const chat = `npx sotto chat${settings.PORT === 3000 ? "" : ` --url ${node.url}`}`;
  return `
  The first message, in two more terminals:
    ${chat} --as bob --with alice
    ${chat} --as alice --with bob
`;
}
