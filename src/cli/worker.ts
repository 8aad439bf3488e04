/** `sotto worker`: the workers of a cluster, once there is one. */
import { loadSettings } from "../../config/load-settings.ts";
import { startWorker } from "../index.ts";
import { parseFlags } from "./parse-flags.ts";

const help = `sotto worker: runs the workers of a cluster (REDIS_URL), which is not in this version yet.

An embedded node (sotto start) does its workers' work itself, on timers.`;

export async function worker(args: string[]): Promise<number> {
  if (parseFlags(args, {}) === "help") {
    console.log(help);
    return 0;
  }
  await startWorker(loadSettings());
  return 0;
}
