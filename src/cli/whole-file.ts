import type { FileHandle } from "node:fs/promises";
import { NewFile } from "./new-file.ts";
import { WrongUse } from "./wrong-use.ts";

/**
 * Writes a new file (mode 600) that is there as a whole or not at all. Where `work` throws nothing is left. Throws WrongUse for a path that
 * is there already, or cannot be written.
 */
export async function writeWholeFile<T>(path: string, work: (file: FileHandle) => Promise<T>): Promise<T> {
  const refusal = (why: string): WrongUse => new WrongUse(`${path} ${why}.`);
  const file = await NewFile.begin(path, { mayReplace: false, refusal });
  try {
    const result = await work(file.handle);
    await file.place();
    return result;
  } finally {
    await file.discard();
  }
}
