/** `sotto start`: runs a node until it is told to stop. */
import { resolve as absolute } from "node:path";
import { loadSettings } from "../../config/load-settings.ts";
import type { Settings } from "../../config/settings.ts";
import { ownSecretFile } from "../accounts/own-secret.ts";
import { createLog, type NodeLog } from "../observability/log.ts";
import { sottoVersion } from "../protocol/version.ts";
import { startServer, type RunningNode } from "../server.ts";
import { parseFlags } from "./parse-flags.ts";

const help = `sotto start: runs a node until SIGTERM or SIGINT, then drains and ends.

Everything is a setting in the environment, for example:
  PORT=3001 DATA_DIR=/srv/sotto sotto start
All of them: sotto config. A banner goes to stdout, logs as JSON lines to stderr (LOG_LEVEL).

  --json   print one line of JSON instead of the banner`;

/** Beyond the time for draining, to release what is left. */
const closeGraceMs = 1500;
/** A terminal's Ctrl-C reaches a node twice when npm runs it: once by itself, once through npm. */
const sameSignalMs = 400;

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
  console.log(flags.values.json === true ? JSON.stringify(summary(node)) : banner(node, settings));
  await asked;
  return endInTime(node, settings.DRAIN_SECONDS * 1000 + closeGraceMs);
}

/** Resolves at the first signal. Another one, later, ends the process at once. */
function askedToStop(log: NodeLog): Promise<void> {
  return new Promise((resolve) => {
    let firstAt: number | undefined;
    const take = (signal: NodeJS.Signals) => {
      if (firstAt === undefined) log.info("node.signalled", { signal });
      else if (performance.now() - firstAt > sameSignalMs) process.exit(1);
      firstAt ??= performance.now();
      resolve();
    };
    process.on("SIGTERM", take);
    process.on("SIGINT", take);
  });
}

/** A fault that nobody caught is in the log; one that may have left things half-done ends the process. */
function surviveFaults(log: NodeLog): void {
  process.on("unhandledRejection", (error) => log.error("node.rejection-unhandled", { error }));
  process.on("uncaughtException", (error) => {
    log.error("node.crashed", { error });
    process.exit(1);
  });
}

async function endInTime(node: RunningNode, deadlineMs: number): Promise<number> {
  const deadline = setTimeout(() => process.exit(1), deadlineMs);
  await node.close();
  clearTimeout(deadline);
  return 0;
}

function summary(node: RunningNode) {
  const { url, opsUrl, databaseFile } = node;
  return { url, opsUrl, databaseFile, mode: "embedded", pid: process.pid };
}

function banner(node: RunningNode, settings: Settings): string {
  const isDefault = settings.PORT === 3000;
  const chat = `npx sotto chat${isDefault ? "" : ` --url ${node.url}`}`;
  const secret = node.madeOwnSecret
    ? `\n  secret    made one to sign tokens, for this user's eyes only: ${absolute(ownSecretFile(settings.DATA_DIR))}`
    : "";
  return `
  Sotto ${sottoVersion} is listening on ${node.url}

  embedded: one machine, no failover
  data      ${node.databaseFile}${secret}
  health    ${node.opsUrl}/readyz

  The first message, in two more terminals:
    ${chat} --as bob --with alice
    ${chat} --as alice --with bob

  Ctrl-C stops the node. What was accepted stays.
`;
}
