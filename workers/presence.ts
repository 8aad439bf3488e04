/** Presence keeps no entry of a node that ended without a word, whoever notices first. */
import type { WorkerPorts } from "./worker-ports.ts";

/** Returns how many users are gone by it. */
export function reapPresence({ presence }: Pick<WorkerPorts, "presence">): Promise<number> {
  return presence.reap();
}
