import { databaseFile } from "../../config/load-settings.ts";
import type { Settings } from "../../config/settings.ts";
import { takeNodeLock } from "../store/node-lock.ts";
import { StartError } from "./start-error.ts";
import { asStartError } from "./unusable-database.ts";

/**
 * Keeps a second node away from the database file until the answer is called. Throws `StartError` when there is one already,
 * or where the file cannot be used.
 */
export function lockData(settings: Settings): () => void {
  const file = databaseFile(settings);
  const lock = takeLock(settings, file);
  if ("release" in lock) return () => lock.release();
  throw new StartError(
    `DATA_DIR: a node runs on ${file} already (process ${lock.pid}). Stop that one, or set DATA_DIR to a folder of its own.`,
  );
}

function takeLock(settings: Settings, file: string): ReturnType<typeof takeNodeLock> {
  try {
    return takeNodeLock(file);
  } catch (error) {
    throw asStartError(settings, error);
  }
}
