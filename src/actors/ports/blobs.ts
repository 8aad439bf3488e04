import type { BlobId } from "../../protocol/blobs.ts";

/**
 * Where the bytes of blobs are: files, or an S3-compatible store. Knows parts (`limits.blobPartBytes`) and nothing of whose they are;
 * the books are in SQL (`BlobStore`). One contract suite runs on every implementation. All of it throws `unavailable` where the place
 * does not answer.
 */
export interface Blobs {
  /** Durable when it resolves. The same part again replaces it. `part`: from 0. */
  putPart(blob: BlobId, part: number, bytes: Uint8Array): Promise<void>;
  /** The whole part; undefined where it is not there. `length`: what it has, in bytes. */
  readPart(blob: BlobId, part: number, length: number): Promise<Uint8Array | undefined>;
  /** All its parts. Nothing happens where there are none. */
  remove(blob: BlobId): Promise<void>;
  /** Every blob that has bytes, in pages; one may come several times. `writtenAt`: when some of it was, ms since 1970. */
  list(): AsyncIterable<{ blob: BlobId; writtenAt: number }[]>;
  /** Writes something, reads it, and takes it away again. Throws what went wrong. */
  check(): Promise<void>;
}
