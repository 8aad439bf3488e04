/**
 * How a file becomes a blob: padded with zeros, cut into chunks of 64 KiB, sealed as a secretstream behind its header. The key is this file's
 * alone. A blob opens as the file that its sender had, from the first byte to the last, or it does not open.
 */
import { equalBytes } from "../protocol/equal-bytes.ts";
import { SottoError } from "../protocol/errors.ts";
import { paddedFileLength } from "./padding.ts";
import { RunningBlake2b256 } from "./primitives/hash.ts";
import { randomBytes } from "./primitives/random.ts";
import { secretstream, StreamOpener, StreamSealer } from "./primitives/secretstream.ts";

export const plainChunkLength = 64 * 1024;
export const sealedChunkLength = plainChunkLength + secretstream.overhead;
export const streamHeaderLength = secretstream.headerLength;

/** What a file is sealed under, once: `key` 32 bytes, `header` 24. */
export interface FileKey {
  readonly key: Uint8Array;
  readonly header: Uint8Array;
}

export const newFileKey = (): FileKey => ({
  key: randomBytes(secretstream.keyLength),
  header: randomBytes(secretstream.headerLength),
});

const chunksOf = (size: number): number => Math.ceil(paddedFileLength(size) / plainChunkLength);

/** The bytes of a blob for a file of `size` bytes. */
export function sealedFileLength(size: number): number {
  return streamHeaderLength + paddedFileLength(size) + chunksOf(size) * secretstream.overhead;
}

/** How long the chunk of this number is, before it is sealed. */
export function plainLengthOf(size: number, index: number): number {
  return Math.min(plainChunkLength, paddedFileLength(size) - index * plainChunkLength);
}

/** Seals chunk by chunk, in order; the header goes before them. */
export class FileSealer {
  private readonly stream: StreamSealer;
  private readonly chunks: number;
  private next = 0;

  constructor({ key, header }: FileKey, size: number) {
    this.stream = new StreamSealer(key, header);
    this.chunks = chunksOf(size);
  }

  get isDone(): boolean {
    return this.next === this.chunks;
  }

  /** `chunk`: padded, of `plainLengthOf` bytes. */
  seal(chunk: Uint8Array): Uint8Array {
    this.next += 1;
    return this.stream.seal(chunk, this.isDone);
  }

  /** Forgets the key. */
  end(): void {
    this.stream.end();
  }
}

/** Opens chunk by chunk. `hash`: BLAKE2b-256 of the whole blob, as the message names it. */
export class FileOpener {
  private readonly file: { key: Uint8Array; hash: Uint8Array; size: number };
  private readonly hash = new RunningBlake2b256();
  private readonly chunks: number;
  private stream: StreamOpener | undefined;
  private next = 0;

  constructor(file: { key: Uint8Array; hash: Uint8Array; size: number }) {
    this.file = file;
    this.chunks = chunksOf(file.size);
  }

  get isDone(): boolean {
    return this.next === this.chunks;
  }

  /** How many bytes `take` expects: the header first, then chunk after chunk. */
  get expectedLength(): number {
    if (this.stream === undefined) return streamHeaderLength;
    return plainLengthOf(this.file.size, this.next) + secretstream.overhead;
  }

  /**
   * The next bytes of the file; none for the header. The last come only when the whole blob is what the message names. Throws
   * `attachment-damaged`.
   */
  take(sealed: Uint8Array): Uint8Array {
    try {
      return this.takeNext(sealed);
    } catch (error) {
      this.end();
      throw error instanceof SottoError ? new SottoError("attachment-damaged") : error;
    }
  }

  /** Forgets the key. */
  end(): void {
    this.stream?.end();
  }

  private takeNext(sealed: Uint8Array): Uint8Array {
    if (this.isDone || sealed.length !== this.expectedLength) throw new SottoError("attachment-damaged");
    this.hash.update(sealed);
    if (this.stream === undefined) {
      this.stream = new StreamOpener(this.file.key, sealed);
      return new Uint8Array(0);
    }
    const index = this.next;
    this.next += 1;
    const padded = this.stream.open(sealed, this.isDone);
    if (this.isDone && !equalBytes(this.hash.finish(), this.file.hash)) throw new SottoError("attachment-damaged");
    const kept = Math.min(Math.max(this.file.size - index * plainChunkLength, 0), padded.length);
    if (padded.subarray(kept).some((byte) => byte !== 0)) throw new SottoError("attachment-damaged");
    return padded.subarray(0, kept);
  }
}
