/** Where the bytes of a file come from, and whether they can be read again: in this run of the client, or in the next one, too. */
import { SottoError } from "../../protocol/errors.ts";
import type { FileSourceRecord } from "../records.ts";

/** Reads files by their paths; in Node `nodeFiles` of `sotto/client/node`. */
export interface Files {
  /** Throws where there is no such file. `modifiedAt`: ms since 1970. */
  describe(path: string): { path: string; name: string; size: number; modifiedAt: number };
  read(path: string, signal: AbortSignal): AsyncIterable<Uint8Array>;
}

/** A file to be sent, from one of `data`, `stream` and `path`. */
export interface AttachmentInput {
  /** What it is called; of a path its last part, of a `File` its own name, if nothing is said. */
  name?: string;
  /** A media type; `application/octet-stream` if nothing is said. */
  type?: string;
  data?: Uint8Array | Blob;
  /** Can be read once: after a cut the upload goes on, after a restart of the client it cannot. */
  stream?: ReadableStream<Uint8Array> | AsyncIterable<Uint8Array>;
  /** Of a stream: how many bytes it will bring. */
  size?: number;
  path?: string;
  /** A small picture or the like, made by the sender: at most `limits.attachmentPreviewBytes`. */
  preview?: Uint8Array;
}

export interface AttachmentSource {
  readonly size: number;
  /** From the first byte. Throws `source-lost` where that is not possible any more. */
  open(signal: AbortSignal): AsyncIterable<Uint8Array>;
  /** How a later run of the client finds it; null where none can. */
  readonly stored: FileSourceRecord | null;
}

/** Data of this size is kept in the store until it is uploaded. */
const keptBytes = 1024 * 1024;

/** Throws `invalid-argument`. */
export function sourceOf(
  input: AttachmentInput,
  files: Files | undefined,
): AttachmentSource & { name: string; type: string } {
  const given = [input.data, input.stream, input.path].filter((one) => one !== undefined);
  if (given.length !== 1) refuse("An attachment has one of data, stream and path.");
  const { name = "attachment", type = "application/octet-stream" } = input;
  if (input.path !== undefined) {
    const { path, size, modifiedAt, name: ownName } = describe(input.path, files);
    const stored = { kind: "file" as const, path, size, modifiedAt };
    return { ...reopened(stored, files), name: input.name ?? ownName, type };
  }
  if (input.data instanceof Uint8Array) {
    const bytes = new Uint8Array(input.data);
    const stored = bytes.length <= keptBytes ? { kind: "bytes" as const, bytes } : null;
    return { size: bytes.length, stored, open: () => once(bytes), name, type };
  }
  if (input.data !== undefined) {
    const blob = input.data;
    return {
      size: blob.size,
      stored: null,
      open: () => chunksOf(blob.stream()),
      name: input.name ?? (blob instanceof File ? blob.name : name),
      type: input.type ?? (blob.type || type),
    };
  }
  const { stream, size } = input;
  if (size === undefined) refuse("A stream comes with its size.");
  let isOpened = false;
  const open = (): AsyncIterable<Uint8Array> => {
    if (isOpened) throw new SottoError("source-lost");
    isOpened = true;
    return chunksOf(stream!);
  };
  return { size, stored: null, open, name, type };
}

/** What an earlier run of the client left. */
export function reopened(stored: FileSourceRecord | null, files: Files | undefined): AttachmentSource {
  if (stored === null) return { size: 0, stored, open: () => lost() };
  if (stored.kind === "bytes") return { size: stored.bytes.length, stored, open: () => once(stored.bytes) };
  const { path, size, modifiedAt } = stored;
  return {
    size,
    stored,
    open: (signal) => {
      const now = files === undefined ? lost() : orLost(() => files.describe(path));
      if (now.size !== size || now.modifiedAt !== modifiedAt) return lost();
      return files!.read(path, signal);
    },
  };
}

function describe(path: string, files: Files | undefined) {
  if (files === undefined) return refuse("Paths are read by a client that was made with `files`: nodeFiles.");
  try {
    return files.describe(path);
  } catch (cause) {
    throw new SottoError("invalid-argument", { detail: "There is no file at that path that can be read.", cause });
  }
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield await Promise.resolve(bytes);
}

/** Not every browser's streams can be iterated. */
async function* chunksOf(stream: ReadableStream<Uint8Array> | AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  if (!("getReader" in stream)) return yield* stream;
  const reader = stream.getReader();
  try {
    for (let next = await reader.read(); !next.done; next = await reader.read()) yield next.value;
  } finally {
    await reader.cancel().catch(() => undefined);
  }
}

function orLost<Result>(work: () => Result): Result {
  try {
    return work();
  } catch (cause) {
    throw new SottoError("source-lost", { cause });
  }
}

function lost(): never {
  throw new SottoError("source-lost");
}

function refuse(detail: string): never {
  throw new SottoError("invalid-argument", { detail });
}
