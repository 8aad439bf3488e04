import { execFile } from "node:child_process";
import { link, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { SottoError } from "../../../protocol/errors.ts";

/**
 * One writer per folder, among the processes of one machine. The lock is the file `lock.<n>` with the highest n; it names
 * its owner, and it counts while that process lives. Whoever finds the owner gone makes `lock.<n + 1>`, which only one can.
 *
 *   free ──link n+1──▶ held by a live process ──release──▶ free (n stays, marked)
 *                           └──owner dies──▶ stale = free
 *
 * Numbers never go back and the highest file is never removed, so that a slow taker who makes a number long gone sees
 * a higher one when it looks again, and gives way.
 */
export interface FolderLock {
  release(): Promise<void>;
}

interface Owner {
  pid: number;
  /** When the process started, in whatever words the system has for it: tells a process from a later one of the same pid. */
  started: string;
}

const lockName = /^lock\.(\d+)$/;

/** Errors: `store-locked`. */
export async function lockFolder(folder: string): Promise<FolderLock> {
  const owner: Owner = { pid: process.pid, started: (await processStart(process.pid)) ?? "" };
  const highest = Math.max(0, ...(await lockNumbers(folder)));
  if (highest > 0) await mustBeGone(join(folder, `lock.${highest}`));
  const mine = highest + 1;
  const path = join(folder, `lock.${mine}`);
  await place(path, JSON.stringify(owner));
  for (const number of await lockNumbers(folder)) {
    if (number > mine) {
      await rm(path, { force: true });
      throw new SottoError("store-locked");
    }
    if (number < mine) await rm(join(folder, `lock.${number}`), { force: true });
  }
  return {
    async release() {
      const marked = `${path}.${process.pid}.released`;
      await writeFile(marked, JSON.stringify({ pid: 0, started: "" }), { mode: 0o600 });
      await rename(marked, path);
    },
  };
}

async function lockNumbers(folder: string): Promise<number[]> {
  const names = await readdir(folder);
  return names.flatMap((name) => lockName.exec(name)?.[1] ?? []).map(Number);
}

/** Makes the file with its whole content at once, or finds that somebody else has made it. */
async function place(path: string, content: string): Promise<void> {
  const draft = `${path}.${process.pid}.${Math.random().toString(36).slice(2)}`;
  await writeFile(draft, content, { mode: 0o600, flag: "wx" });
  try {
    await link(draft, path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") throw new SottoError("store-locked");
    throw error;
  } finally {
    await rm(draft, { force: true });
  }
}

async function mustBeGone(path: string): Promise<void> {
  let owner: Owner;
  try {
    owner = JSON.parse(await readFile(path, "utf8")) as Owner;
  } catch (error) {
    // Removed by somebody who took a higher number, and will be met there; or cut short by a loss of power.
    if (error instanceof SyntaxError || (error as NodeJS.ErrnoException).code === "ENOENT") return;
    throw error;
  }
  if (owner.pid > 0 && (await processStart(owner.pid)) === owner.started) {
    throw new SottoError("store-locked", {
      detail: `Process ${owner.pid} uses this store. One device has one writer.`,
    });
  }
}

/** Undefined where there is no such process. */
async function processStart(pid: number): Promise<string | undefined> {
  if (process.platform === "linux") {
    try {
      const [stat, boot] = await Promise.all([
        readFile(`/proc/${pid}/stat`, "utf8"),
        readFile("/proc/sys/kernel/random/boot_id", "utf8"),
      ]);
      // Field 22 of proc(5); the name before it, in parentheses, may hold spaces.
      const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
      return fields[0] === "Z" ? undefined : `${boot.trim()} ${fields[19]}`;
    } catch {
      return undefined;
    }
  }
  try {
    process.kill(pid, 0);
    if (process.platform === "win32") return "alive";
    return (await promisify(execFile)("ps", ["-o", "lstart=", "-p", String(pid)])).stdout.trim();
  } catch {
    return undefined;
  }
}
