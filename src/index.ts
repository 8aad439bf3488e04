/** Sotto as a library: a node inside of a program of yours. The client is in `sotto/client`. */
import { completeSettings } from "../config/load-settings.ts";
import type { Settings } from "../config/settings.ts";
import { startServer, type RunningNode } from "./server.ts";
import { StartError } from "./server/start-error.ts";

export type { RunningNode, Settings };
export { StartError };
export { SettingsError, loadSettings } from "../config/load-settings.ts";

/**
 * Starts a node. Settings have the names of the environment variables; what is left out has its default, and the environment
 * is not read: pass `loadSettings()` for that. Throws `SettingsError` or `StartError`, which say what to change.
 */
export async function startNode(settings: Partial<Settings> = {}): Promise<RunningNode> {
  return startServer(completeSettings(settings));
}

/** Starts a worker process of a cluster. An embedded node runs its workers itself: throws `StartError`. */
export async function startWorker(settings: Partial<Settings> = {}): Promise<{ close(): Promise<void> }> {
  completeSettings(settings);
  throw new StartError(
    "A worker needs a cluster (REDIS_URL), which is not in this version yet. An embedded node does its workers' work itself.",
  );
}
