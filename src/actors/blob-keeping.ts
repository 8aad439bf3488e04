import { partLength, type BlobId } from "../protocol/blobs.ts";
import { SottoError } from "../protocol/errors.ts";
import type { UserId } from "../protocol/ids.ts";
import { limits } from "../protocol/limits.ts";
import { guardedStore } from "./guarded-store.ts";
import { limitRate } from "./limit-rate.ts";
import type { Blobs } from "./ports/blobs.ts";
import type { RateLimiter } from "./ports/rate-limiter.ts";
import type { BlobRow } from "./ports/store-blobs.ts";
import type { Store } from "./ports/store.ts";

export interface BlobSettings {
  maxBlobBytes: number;
  /** Of one user's blobs together. */
  quotaBytes: number;
}

interface BlobPorts {
  store: Store;
  blobs: Blobs;
  limiter: RateLimiter;
  settings: BlobSettings;
}

/** Where a part goes. `size`: of the whole blob; `offset`: of the part in it. Both in bytes. */
export interface PartPlace {
  blob: BlobId;
  size: number;
  offset: number;
}

/**
 * Who may write and read which blob. A blob is its uploader's: only they write and remove it. Complete, it is read by every user who
 * knows its id, which nobody can guess. Bytes first, then the books: what is counted as received is durable.
 */
export class BlobKeeping {
  private readonly store: Store;
  private readonly blobs: Blobs;
  private readonly limiter: RateLimiter;
  private readonly settings: BlobSettings;

  constructor({ store, blobs, limiter, settings }: BlobPorts) {
    this.store = guardedStore(store);
    this.blobs = blobs;
    this.limiter = limiter;
    this.settings = settings;
  }

  /**
   * Makes sure that a part may come, before any of it is read; with the first the blob begins. Throws `invalid-request`, `too-large`,
   * `quota-exceeded`, `device-unknown`, `upload-conflict`, `rate-limited`, and `forbidden` for an id that is not free.
   */
  async admitPart(user: UserId, place: PartPlace): Promise<void> {
    const { blob, size, offset } = place;
    if (size > this.settings.maxBlobBytes) {
      throw new SottoError("too-large", { detail: `A blob has at most ${this.settings.maxBlobBytes} bytes here.` });
    }
    if (offset >= size || offset % limits.blobPartBytes !== 0) throw new SottoError("invalid-request");
    await limitRate(this.limiter, "blob-request", user);
    const row = (await this.store.findBlob(blob)) ?? (await this.begin(user, place));
    if (row.user !== user) throw new SottoError("forbidden");
    if (row.size !== size || row.received !== offset) throw new UploadConflict(row);
  }

  /** Keeps an admitted part whose bytes have come. Throws `upload-conflict` where another writer was first, `blob-unknown`, `unavailable`. */
  async keepPart({ blob, size, offset }: PartPlace, bytes: Uint8Array): Promise<BlobRow> {
    if (bytes.length !== partLength(size, offset)) throw new SottoError("invalid-request");
    await this.blobs.putPart(blob, offset / limits.blobPartBytes, bytes);
    const outcome = await this.store.advanceBlob(blob, offset, offset + bytes.length);
    if (outcome.status === "elsewhere") throw new UploadConflict(outcome.row);
    // Removed meanwhile: what was written is found by the sweep of bytes that no books know.
    if (outcome.status === "unknown") throw new SottoError("blob-unknown");
    return outcome.row;
  }

  /** How far it is. Others than its uploader see it when it is complete. Throws `blob-unknown`. */
  async find(user: UserId, blob: BlobId): Promise<BlobRow> {
    await limitRate(this.limiter, "blob-request", user);
    const row = await this.store.findBlob(blob);
    if (!row || (row.user !== user && row.received < row.size)) throw new SottoError("blob-unknown");
    return row;
  }

  /** The part that begins at an offset. Throws `blob-unknown` where it is not there any more. */
  async readPart({ blob, size }: BlobRow, offset: number): Promise<Uint8Array> {
    const bytes = await this.blobs.readPart(blob, offset / limits.blobPartBytes, partLength(size, offset));
    if (!bytes) throw new SottoError("blob-unknown");
    return bytes;
  }

  /** Nobody finds it from here on; its bytes go now, or with the next purge. Throws `blob-unknown`, `forbidden`. */
  async remove(user: UserId, blob: BlobId): Promise<void> {
    const row = await this.find(user, blob);
    if (row.user !== user) throw new SottoError("forbidden");
    await this.store.expireBlob(blob);
    try {
      await this.blobs.remove(blob);
    } catch (error) {
      if (error instanceof SottoError && error.code === "unavailable") return;
      throw error;
    }
    await this.store.forgetBlobs([blob]);
  }

  private async begin(user: UserId, { blob, size, offset }: PartPlace): Promise<BlobRow> {
    // Whoever goes on with what has ended must not begin in the middle.
    if (offset !== 0) throw new SottoError("blob-unknown");
    await limitRate(this.limiter, "blob", user);
    const outcome = await this.store.beginBlob({ blob, user, size }, this.settings.quotaBytes);
    if (outcome.status === "taken") throw new SottoError("forbidden");
    if (outcome.status === "begun" || outcome.status === "known") return outcome.row;
    throw new SottoError(outcome.status);
  }
}

/** Says where the upload stands. */
export class UploadConflict extends SottoError {
  readonly row: BlobRow;

  constructor(row: BlobRow) {
    super("upload-conflict");
    this.row = row;
  }
}
