import { takeNodeLock } from "../store/node-lock.ts";
import { StartError } from "./start-error.ts";

/** Keeps a second node away from a database file until the answer is called. Throws `StartError` when there is one already. */
export function lockData(databaseFile: string): () => void {
  const lock = takeNodeLock(databaseFile);
  if ("release" in lock) return () => lock.release();
  throw new StartError(
    `DATA_DIR: a node runs on ${databaseFile} already (process ${lock.pid}). Stop that one, or set DATA_DIR to a folder of its own.`,
  );
}
