/** Sotto as a library: a node inside of a program of yours. The client is in `sotto/client`. */
import { completeSettings } from "../config/load-settings.ts";
import type { Settings } from "../config/settings.ts";
import { startServer, type RunningNode } from "./server.ts";
import type { RunningWorker } from "./worker.ts";
import { requireCluster } from "./server/require-cluster.ts";
import { StartError } from "./server/start-error.ts";

export type { RunningNode, RunningWorker, Settings };
export { StartError };
export { SettingsError, loadSettings } from "../config/load-settings.ts";

/**
 * Starts a node. Settings have the names of the environment variables; what is left out has its default, and the environment
 * is not read: pass `loadSettings()` for that. Throws `SettingsError` or `StartError`, which say what to change.
 */
export async function startNode(settings: Partial<Settings> = {}): Promise<RunningNode> {
  return startServer(completeSettings(settings));
}

/**
 * Starts the workers of a cluster inside of a program of yours. Throws `SettingsError` or `StartError`: a node without
 * `REDIS_URL` does its workers' work itself.
 */
export async function startWorker(settings: Partial<Settings> = {}): Promise<RunningWorker> {
  const complete = completeSettings(settings);
  requireCluster(complete);
  const { startWorkerProcess } = await import("./worker.ts");
  return startWorkerProcess(complete);
}
