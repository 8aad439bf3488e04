/**
 * One node per database file. The lock is a write transaction that is never ended, on a small file of its own beside the
 * database: the system drops it when the process ends, however that comes about, so that no lock is ever stale. The file
 * itself stays, and names who had it last. Commands that only look at a database, or purge it, do not take the lock.
 */
import { existsSync, mkdirSync } from "node:fs";
import { dirname } from "node:path";
import { openDriver, type SqlDriver } from "./sqlite/driver.ts";

/** Who runs a node on a database: a process of this machine. */
export interface NodeHolder {
  pid: number;
}

/** Longer than somebody takes who only looks whether there is a lock. */
const patienceMs = 500;
/** What nobody refers to may be collected, and would be unlocked with it. */
const held = new Set<SqlDriver>();

const lockFile = (databaseFile: string): string => `${databaseFile}.lock`;

/** Takes the lock of a database file, whose folder is made when missing; or says who has it. */
export function takeNodeLock(databaseFile: string): { release(): void } | NodeHolder {
  mkdirSync(dirname(databaseFile), { recursive: true, mode: 0o700 });
  const file = openDriver(lockFile(databaseFile));
  try {
    file.prepare(`PRAGMA busy_timeout = ${patienceMs}`).all([]);
    if (!begin(file)) return closing(file, holderOf);
    file.exec(`PRAGMA user_version = ${process.pid}; COMMIT`);
    // Somebody may have come in between: then it is theirs.
    if (!begin(file)) return closing(file, holderOf);
  } catch (error) {
    file.close();
    throw error;
  }
  held.add(file);
  return {
    release: () => {
      if (!held.delete(file)) return;
      // Closing alone does not end it: the library may keep the connection for a while.
      file.exec("ROLLBACK");
      file.close();
    },
  };
}

/** Who runs a node on this database now; undefined when nobody does. Changes nothing. */
export function findNodeHolder(databaseFile: string): NodeHolder | undefined {
  if (!existsSync(lockFile(databaseFile))) return undefined;
  return closing(openDriver(lockFile(databaseFile)), (file) => {
    if (!begin(file)) return holderOf(file);
    file.exec("ROLLBACK");
    return undefined;
  });
}

function closing<Result>(file: SqlDriver, use: (file: SqlDriver) => Result): Result {
  try {
    return use(file);
  } finally {
    file.close();
  }
}

const holderOf = (file: SqlDriver): NodeHolder => ({
  pid: Number(file.prepare("PRAGMA user_version").get([])?.["user_version"] ?? 0),
});

/** False when somebody else has a transaction under way. */
function begin(file: SqlDriver): boolean {
  try {
    file.exec("BEGIN IMMEDIATE");
    return true;
  } catch (error) {
    if (isBusy(error)) return false;
    throw error;
  }
}

/** SQLITE_BUSY is 5, with more in its higher bits. */
function isBusy(error: unknown): boolean {
  const { code, rawCode, errcode } = error as { code?: string; rawCode?: number; errcode?: number };
  return code === "SQLITE_BUSY" || ((rawCode ?? errcode ?? 0) & 0xff) === 5;
}
