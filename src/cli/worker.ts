/** `sotto worker`: runs the workers of a cluster until it is told to stop. */
import { loadSettings } from "../../config/load-settings.ts";
import { createLog } from "../observability/log.ts";
import { sottoVersion } from "../protocol/version.ts";
import { startWorkerProcess, type RunningWorker } from "../worker.ts";
import { parseFlags } from "./parse-flags.ts";
import { askedToStop, endInTime, surviveFaults } from "./process-end.ts";

const help = `sotto worker: runs the workers of a cluster (REDIS_URL and DATABASE_URL=mysql://…) until SIGTERM or SIGINT.

They ring devices that are behind, push to those that are away, tell senders what has expired, and delete what its time
has passed. Any number may run; each message's work is done once. An embedded node (sotto start) does it all itself.

  --json   print one line of JSON instead of the banner`;

/** Beyond the time for the jobs under way, to release what is left. */
const closeGraceMs = 1500;

export async function worker(args: string[]): Promise<number> {
  const flags = parseFlags(args, { json: { type: "boolean" } });
  if (flags === "help") {
    console.log(help);
    return 0;
  }
  const settings = loadSettings();
  const log = createLog({ level: settings.LOG_LEVEL });
  surviveFaults(log);
  const asked = askedToStop(log);
  const running = await startWorkerProcess(settings, log);
  console.log(flags.values.json === true ? JSON.stringify({ ...summary(running), pid: process.pid }) : banner(running));
  await asked;
  return endInTime(running, settings.DRAIN_SECONDS * 1000 + closeGraceMs);
}

function summary({ url, database }: RunningWorker) {
  return { url, opsUrl: url, database, mode: "worker" };
}

function banner({ url, database }: RunningWorker): string {
  return `
  Sotto ${sottoVersion}: a worker is running

  data      ${database}
  health    ${url}/readyz

  Ctrl-C stops it. What it leaves undone, another worker or a node does.
`;
}
