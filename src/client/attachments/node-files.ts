import { constants, createReadStream, statSync } from "node:fs";
import { link, open, rename, rm, unlink } from "node:fs/promises";
import { basename, extname, join, resolve } from "node:path";
import type { AttachmentDownload } from "./attachment-download.ts";
import type { Files } from "./attachment-source.ts";
import { fileNameOf } from "./file-name.ts";

const readBytes = 256 * 1024;
const namesTried = 10_000;

/** Files of this machine, for `createClient({ files: nodeFiles })`: attachments may then be given by a path. */
export const nodeFiles: Files = {
  describe(path) {
    const stats = statSync(path);
    if (!stats.isFile()) throw new Error("That is not a file.");
    return { path: resolve(path), name: basename(path), size: stats.size, modifiedAt: stats.mtimeMs };
  },
  read: (path, signal) => createReadStream(path, { highWaterMark: readBytes, signal }) as AsyncIterable<Uint8Array>,
};

/**
 * Writes a download to disk; what stands at the path in the end is the whole file, verified, or nothing. `folder`: under the name that its
 * sender gave, made safe, and numbered where there is one of this name. `path`: there, in the place of what was. Answers the path.
 */
export async function saveAttachment(
  download: AttachmentDownload,
  to: { folder: string } | { path: string },
): Promise<string> {
  const folder = "folder" in to ? to.folder : resolve(to.path, "..");
  const partial = join(folder, `.${globalThis.crypto.randomUUID()}.part`);
  try {
    const file = await open(partial, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL, 0o600);
    try {
      for await (const chunk of download) await file.writeFile(chunk);
      await file.sync();
    } finally {
      await file.close();
    }
    if ("folder" in to) return await placeIn(folder, partial, fileNameOf(download.name));
    await rename(partial, to.path);
    return to.path;
  } finally {
    await rm(partial, { force: true });
  }
}

/** A link, unlike a rename, never takes another file's place. */
async function placeIn(folder: string, partial: string, name: string): Promise<string> {
  const ending = extname(name);
  const stem = name.slice(0, name.length - ending.length);
  for (let number = 0; number < namesTried; number += 1) {
    const path = join(folder, number === 0 ? name : `${stem} (${number})${ending}`);
    try {
      await link(partial, path);
      await unlink(partial);
      return path;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    }
  }
  throw new Error(`There are too many files called ${name} in ${folder}.`);
}
