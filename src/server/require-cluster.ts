import type { Settings } from "../../config/settings.ts";
import { StartError } from "./start-error.ts";

/** Throws `StartError` where there is no cluster that a worker could work for. */
export function requireCluster(settings: Settings): void {
  if (settings.REDIS_URL !== "") return;
  throw new StartError(
    "A worker works for a cluster: set REDIS_URL and DATABASE_URL=mysql://… as its nodes have them. " +
      "A node without REDIS_URL does its workers' work itself.",
  );
}
