/**
 * The bytes of blobs, and where they are kept: in files (here) or in an S3-compatible store (`s3-blobs.ts`). Owns names and layout there;
 * never knows whose a blob is nor what is in it. Invariant: what `putPart` has resolved for is there after a loss of power.
 * A file for each blob, its parts at their places: DIR/ab/abcdef….
 */
import { constants } from "node:fs";
import { mkdir, open, opendir, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import type { Blobs } from "../actors/ports/blobs.ts";
import { blobId, type BlobId } from "../protocol/blobs.ts";
import { SottoError } from "../protocol/errors.ts";
import { limits } from "../protocol/limits.ts";
import { checkBlobs } from "./check-blobs.ts";

const pageSize = 500;
const retryAfterMs = 2000;

export class FileBlobs implements Blobs {
  private readonly folder: string;

  /** `folder`: absolute; it is made when it is needed. */
  constructor(folder: string) {
    this.folder = folder;
  }

  putPart(blob: BlobId, part: number, bytes: Uint8Array): Promise<void> {
    return orUnavailable(async () => {
      const { folder, file } = this.placeOf(blob);
      const isFolderNew = part === 0 && (await mkdir(folder, { recursive: true, mode: 0o700 })) !== undefined;
      const handle = await open(file, constants.O_RDWR | constants.O_CREAT, 0o600);
      try {
        await writeAt(handle, bytes, part * limits.blobPartBytes);
        await handle.datasync();
      } finally {
        await handle.close();
      }
      if (part === 0) await syncFolder(folder);
      if (isFolderNew) await syncFolder(this.folder);
    });
  }

  readPart(blob: BlobId, part: number, length: number): Promise<Uint8Array | undefined> {
    return orUnavailable(async () => {
      const handle = await open(this.placeOf(blob).file, constants.O_RDONLY).catch(unlessMissing);
      if (handle === undefined) return undefined;
      try {
        const bytes = Buffer.allocUnsafeSlow(length);
        for (let filled = 0; filled < length;) {
          const { bytesRead } = await handle.read(bytes, filled, length - filled, part * limits.blobPartBytes + filled);
          if (bytesRead === 0) return undefined;
          filled += bytesRead;
        }
        return bytes;
      } finally {
        await handle.close();
      }
    });
  }

  remove(blob: BlobId): Promise<void> {
    return orUnavailable(() => rm(this.placeOf(blob).file, { force: true }));
  }

  async *list(): AsyncGenerator<{ blob: BlobId; writtenAt: number }[]> {
    const shards = await orUnavailable(() => namesIn(this.folder));
    for (const shard of shards.filter((name) => /^[0-9a-f]{2}$/.test(name))) {
      const names = await orUnavailable(() => namesIn(join(this.folder, shard)));
      const blobs = names.filter((name): name is BlobId => blobId.safeParse(name).success);
      for (let first = 0; first < blobs.length; first += pageSize) {
        const page = blobs.slice(first, first + pageSize);
        yield (await orUnavailable(() => Promise.all(page.map((blob) => this.ageOf(blob))))).flat();
      }
    }
  }

  check(): Promise<void> {
    return checkBlobs(this);
  }

  /** Gone meanwhile: none. */
  private async ageOf(blob: BlobId): Promise<{ blob: BlobId; writtenAt: number }[]> {
    const found = await stat(this.placeOf(blob).file).catch(unlessMissing);
    return found === undefined ? [] : [{ blob, writtenAt: found.mtimeMs }];
  }

  /** The id is checked once more: it becomes a path. */
  private placeOf(blob: BlobId): { folder: string; file: string } {
    const folder = join(this.folder, blobId.parse(blob).slice(0, 2));
    return { folder, file: join(folder, blob) };
  }
}

async function writeAt(handle: Awaited<ReturnType<typeof open>>, bytes: Uint8Array, position: number): Promise<void> {
  for (let written = 0; written < bytes.length;) {
    const { bytesWritten } = await handle.write(bytes, written, bytes.length - written, position + written);
    written += bytesWritten;
  }
}

/** A name counts as written when its folder is. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, constants.O_RDONLY);
  await handle.sync().finally(() => handle.close());
}

async function namesIn(folder: string): Promise<string[]> {
  const found = await opendir(folder).catch(unlessMissing);
  const names: string[] = [];
  if (found) for await (const { name } of found) names.push(name);
  return names;
}

function unlessMissing(error: NodeJS.ErrnoException): undefined {
  if (error.code !== "ENOENT") throw error;
}

async function orUnavailable<Result>(work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (cause) {
    throw new SottoError("unavailable", { cause, retryAfterMs });
  }
}
