import { randomUUID } from "node:crypto";
import { open, rename, rm, stat, type FileHandle } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { WrongUse } from "./wrong-use.ts";

/**
 * Writes a new file (mode 600) that is there as a whole or not at all: under another name beside it until `work` is done and the bytes are
 * on the disk. Where `work` throws nothing is left. Throws WrongUse for a path that is there already, or cannot be written.
 */
export async function writeWholeFile<T>(path: string, work: (file: FileHandle) => Promise<T>): Promise<T> {
  if (await isThere(path)) throw new WrongUse(`${path} is there already.`);
  const partial = join(dirname(path), `.${basename(path)}.${randomUUID()}.partial`);
  const file = await newFile(partial, path);
  try {
    const result = await work(file).finally(async () => {
      await file.sync();
      await file.close();
    });
    await rename(partial, path);
    return result;
  } catch (error) {
    await rm(partial, { force: true });
    throw error;
  }
}

async function isThere(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}

async function newFile(partial: string, path: string): Promise<FileHandle> {
  try {
    return await open(partial, "wx", 0o600);
  } catch (error) {
    throw new WrongUse(`${path} cannot be written (${(error as NodeJS.ErrnoException).code}).`);
  }
}
