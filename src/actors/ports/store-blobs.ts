import type { BlobId } from "../../protocol/blobs.ts";
import type { UserId } from "../../protocol/ids.ts";

/** What the node knows of a blob: whose it is, how much of it there is, and until when. Its bytes are elsewhere (`Blobs`). */
export interface BlobRow {
  blob: BlobId;
  user: UserId;
  /** In bytes; `received` of them are there, from the first on. Equal: it is complete. */
  size: number;
  received: number;
  expiresAt: number;
}

export type BeginOutcome =
  | { status: "begun" | "known"; row: BlobRow }
  /** `taken`: the id is another's, or was used before. `device-unknown`: the user has no device. */
  | { status: "taken" | "quota-exceeded" | "device-unknown" };

export type AdvanceOutcome = { status: "advanced" | "elsewhere"; row: BlobRow } | { status: "unknown" };

/**
 * The books of the blobs. Unfinished ones end `limits.blobUploadTtlMs` after their last part, complete ones `limits.blobMarginMs`
 * after the history of their day. What has ended is there for the purge alone.
 */
export interface BlobStore {
  /** Makes room for `size` bytes within what the user may have at once: `quotaBytes`, and `limits.blobsPerUser`. */
  beginBlob(blob: Pick<BlobRow, "blob" | "user" | "size">, quotaBytes: number): Promise<BeginOutcome>;
  /** The bytes from `from` to `to` are there, durably. Two writers at once: one advances, the other finds it `elsewhere`. */
  advanceBlob(blob: BlobId, from: number, to: number): Promise<AdvanceOutcome>;
  findBlob(blob: BlobId): Promise<BlobRow | undefined>;
  /** Ends it now: nobody finds it from here on. */
  expireBlob(blob: BlobId): Promise<void>;
  /** Those that have ended, the oldest first. */
  listExpiredBlobs(now: number, limit: number): Promise<BlobRow[]>;
  countExpiredBlobs(now: number): Promise<number>;
  /** Forgets blobs whose bytes are gone. */
  forgetBlobs(blobs: readonly BlobId[]): Promise<void>;
  /** Which of these have a row, ended ones included. */
  knownBlobs(blobs: readonly BlobId[]): Promise<BlobId[]>;
}
