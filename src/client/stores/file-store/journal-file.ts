import { randomBytes } from "node:crypto";
import { open, rename, rm, type FileHandle } from "node:fs/promises";
import { dirname } from "node:path";
import { crc32 } from "node:zlib";
import { ByteReader } from "../../../protocol/byte-reader.ts";
import { ByteWriter } from "../../../protocol/byte-writer.ts";
import { SottoError } from "../../../protocol/errors.ts";
import type { DraftLog, Frame, FrameLog, FrameSeal } from "../journal/frame-log.ts";
import { announcedLength, decodeFrame, encodeFrame, frameHeaderBytes, holdsWholeFrame } from "./frame.ts";

const magic = new TextEncoder().encode("sotto-journal-1\n");
const identityBytes = 16;
const maxHeaderBytes = 4096;
const readAheadBytes = 1024 * 1024;
const draftOf = (path: string) => `${path}.new`;

interface Header {
  vaultHeader: Uint8Array;
  identity: Uint8Array;
  /** Of the header, in bytes. */
  length: number;
}

/**
 * The one file of a store: a header, then sealed frames, numbered from 1. Only appended to; replaced as a whole by `publish`.
 * Not for two callers at once: `append` and `cutTo` are for the one writer. Reads may overlap with anything.
 */
export class JournalFile implements FrameLog {
  size: number;
  frames = 0;
  private readonly path: string;
  private readonly handle: FileHandle;
  private readonly vaultHeader: Uint8Array;
  private readonly identity: string;
  private holders = 1;

  private constructor(path: string, handle: FileHandle, { vaultHeader, identity, length }: Header) {
    this.path = path;
    this.handle = handle;
    this.vaultHeader = vaultHeader;
    this.identity = Buffer.from(identity).toString("hex");
    this.size = length;
  }

  /** A new file with only its header, beside `path` until it is published. `vaultHeader` says how the root key is wrapped. */
  static async create(path: string, vaultHeader: Uint8Array): Promise<JournalFile> {
    const identity = randomBytes(identityBytes);
    const fields = new ByteWriter().fixed(magic).opaque(vaultHeader).fixed(identity).finish();
    const header = new ByteWriter().fixed(fields).u32(crc32(fields)).finish();
    const handle = await open(draftOf(path), "wx+", 0o600);
    const file = new JournalFile(path, handle, { vaultHeader, identity, length: 0 });
    await file.writeAll(header);
    return file;
  }

  /** Errors: `store-unreadable`; ENOENT. `size` is only known once the frames were read. */
  static async open(path: string): Promise<{ file: JournalFile; vaultHeader: Uint8Array }> {
    const handle = await open(path, "r+");
    try {
      const start = await readAt(handle, 0, maxHeaderBytes);
      const header = decodeHeader(start);
      return { file: new JournalFile(path, handle, header), vaultHeader: header.vaultHeader };
    } catch (cause) {
      await handle.close();
      throw cause instanceof SottoError ? cause : new SottoError("store-unreadable", { cause });
    }
  }

  /**
   * Every whole frame in order, to be read once, after opening. What follows the last one is a write that a crash tore, and
   * is cut off. A damaged frame with a whole one behind it had been promised to somebody: `store-unreadable`.
   */
  async *replay(): AsyncGenerator<{ frame: Frame; sealed: Uint8Array }> {
    let ahead: Uint8Array = new Uint8Array(0);
    const fill = async (length: number) => {
      if (ahead.length < length) ahead = await readAt(this.handle, this.size, Math.max(length, readAheadBytes));
      return ahead.length >= length;
    };
    for (;;) {
      const length = (await fill(frameHeaderBytes)) ? announcedLength(ahead) : undefined;
      const total = frameHeaderBytes + (length ?? 0);
      const sealed = length !== undefined && (await fill(total)) ? decodeFrame(ahead.subarray(0, total)) : undefined;
      if (!sealed) break;
      yield { frame: { log: this, number: ++this.frames, at: this.size, bytes: total }, sealed };
      this.size += total;
      ahead = ahead.subarray(total);
    }
    await this.cutTornTail();
  }

  place(number: number): string {
    return `${this.identity}/${number}`;
  }

  /** Appends one frame, not yet durable. */
  async append(plaintext: Uint8Array, seal: FrameSeal): Promise<Frame> {
    const number = this.frames + 1;
    const at = this.size;
    await this.writeAll(encodeFrame(seal.seal(this.place(number), plaintext)));
    this.frames = number;
    return { log: this, number, at, bytes: this.size - at };
  }

  async sync(): Promise<void> {
    await this.handle.datasync();
  }

  async read(frame: Frame, seal: FrameSeal): Promise<Uint8Array> {
    const sealed = decodeFrame(await readAt(this.handle, frame.at, frame.bytes));
    if (!sealed) throw new SottoError("store-unreadable", { detail: "The store is damaged." });
    return seal.open(this.place(frame.number), sealed);
  }

  hold(): void {
    this.holders++;
  }

  async letGo(): Promise<void> {
    if (--this.holders === 0) await this.handle.close();
  }

  async startDraft(): Promise<DraftLog> {
    const draft = await JournalFile.create(this.path, this.vaultHeader);
    return {
      log: draft,
      publish: () => draft.publish(),
      discard: async () => {
        await draft.letGo();
        await JournalFile.forgetDraft(this.path);
      },
    };
  }

  /** What a crash may have left beside `path`. */
  static async forgetDraft(path: string): Promise<void> {
    await rm(draftOf(path), { force: true });
  }

  /** Puts the file, with all that was appended, at its path, in the place of what is there. */
  async publish(): Promise<void> {
    await this.handle.sync();
    await rename(draftOf(this.path), this.path);
    await syncFolder(dirname(this.path));
  }

  private async cutTornTail(): Promise<void> {
    const { size } = await this.handle.stat();
    if (size === this.size) return;
    const tail = await readAt(this.handle, this.size, size - this.size);
    if (holdsWholeFrame(tail)) throw new SottoError("store-unreadable", { detail: "The store is damaged." });
    await this.handle.truncate(this.size);
    await this.handle.sync();
  }

  private async writeAll(bytes: Uint8Array): Promise<void> {
    let written = 0;
    while (written < bytes.length) {
      const { bytesWritten } = await this.handle.write(bytes, written, bytes.length - written, this.size + written);
      written += bytesWritten;
    }
    this.size += bytes.length;
  }
}

function decodeHeader(start: Uint8Array): Header {
  const reader = new ByteReader(start);
  if (Buffer.compare(reader.fixed(magic.length), magic) !== 0) {
    throw new SottoError("store-unreadable", { detail: "This is not a store, or one of a later version." });
  }
  const vaultHeader = reader.opaque();
  const identity = reader.fixed(identityBytes);
  const covered = start.length - reader.remaining;
  if (reader.u32() !== crc32(start.subarray(0, covered))) {
    throw new SottoError("store-unreadable", { detail: "The store is damaged." });
  }
  return { vaultHeader, identity, length: covered + 4 };
}

/** At most `length` bytes: fewer at the end of the file. */
async function readAt(handle: FileHandle, at: number, length: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(length);
  let filled = 0;
  while (filled < length) {
    const { bytesRead } = await handle.read(bytes, filled, length - filled, at + filled);
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  return bytes.subarray(0, filled);
}

/** Makes a rename durable. Windows has no such call for folders, and needs none. */
export async function syncFolder(folder: string): Promise<void> {
  if (process.platform === "win32") return;
  const handle = await open(folder, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
