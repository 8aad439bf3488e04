import { databaseFile } from "../../../config/load-settings.ts";
import type { Settings } from "../../../config/settings.ts";
import { findNodeHolder } from "../../store/node-lock.ts";
import type { Finding } from "./finding.ts";

/** Whether a node runs on this data: there is no more than one. */
export function checkNode(settings: Settings): Finding {
  try {
    const holder = findNodeHolder(databaseFile(settings));
    const who = holder === undefined ? "none is" : `process ${holder.pid} is`;
    return { check: "node", state: "good", says: `${who} running on this data` };
  } catch (error) {
    const file = `${databaseFile(settings)}.lock`;
    const reason = error instanceof Error ? error.message : String(error);
    return {
      check: "node",
      state: "bad",
      says: `${file} cannot be used (${reason})`,
      todo: "delete it while no node runs",
    };
  }
}
