import { FileOpener, sealedFileLength } from "../../crypto/attachment-sealing.ts";
import type { AttachmentContent } from "../../crypto/attachment.ts";
import { SottoError } from "../../protocol/errors.ts";
import { backoffMs, delay, withDeadline } from "../async/waiting.ts";
import type { BlobClient } from "./blob-client.ts";
import { ExactChunks } from "./exact-chunks.ts";

export interface DownloadOptions {
  signal?: AbortSignal;
  /** Bytes of the file that were verified and given out, of how many. */
  onProgress?: (progress: { received: number; total: number }) => void;
}

/** Cuts in a row, nothing received between. */
const triesAtMost = 8;
const silenceMs = 30_000;
const pause = { baseMs: 100, maxMs: 5_000 };

/**
 * A file on its way down: `for await (const chunk of attachment.download())`. Each chunk was verified before it is given out, the last only
 * after the whole; one chunk is in memory. After a cut it goes on where it was. Errors: `attachment-damaged`, `blob-unknown` (gone, or never
 * there), `offline`, `aborted`, `token-*`. Chunks that came before an error are true, and not the file.
 */
export class AttachmentDownload implements AsyncIterable<Uint8Array> {
  private readonly file: AttachmentContent;
  private readonly blobs: BlobClient;
  private readonly options: DownloadOptions;

  constructor(file: AttachmentContent, blobs: BlobClient, options: DownloadOptions) {
    this.file = file;
    this.blobs = blobs;
    this.options = options;
  }

  get size(): number {
    return this.file.size;
  }
  get name(): string {
    return this.file.name;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array, void, void> {
    const { size } = this.file;
    const opener = new FileOpener(this.file);
    const stop = new AbortController();
    const signal = this.options.signal ? AbortSignal.any([this.options.signal, stop.signal]) : stop.signal;
    const sealed = new ExactChunks(this.sealedBytes(signal), signal);
    try {
      let received = 0;
      while (!opener.isDone) {
        const chunk = opener.take(await sealed.take(opener.expectedLength));
        if (chunk.length === 0) continue;
        received += chunk.length;
        this.options.onProgress?.({ received, total: size });
        yield chunk;
      }
    } finally {
      opener.end();
      stop.abort();
      sealed.end();
    }
  }

  /** All of it at once. */
  async bytes(): Promise<Uint8Array> {
    // Not made before something has come: a size is a sender's word.
    const chunks: Uint8Array[] = [];
    for await (const chunk of this) chunks.push(chunk);
    const all = new Uint8Array(this.size);
    let filled = 0;
    for (const chunk of chunks) {
      all.set(chunk, filled);
      filled += chunk.length;
    }
    return all;
  }

  /** For what takes a stream, such as `new Response(stream)`. */
  stream(): ReadableStream<Uint8Array> {
    const chunks = this[Symbol.asyncIterator]();
    return new ReadableStream<Uint8Array>({
      async pull(controller) {
        const next = await chunks.next();
        if (next.done) controller.close();
        else controller.enqueue(next.value);
      },
      async cancel() {
        await chunks.return();
      },
    });
  }

  /** The blob's bytes, cut after cut. One of another length than the message's file has is refused before any of it is read. */
  private async *sealedBytes(signal: AbortSignal): AsyncGenerator<Uint8Array> {
    const total = sealedFileLength(this.file.size);
    for (let offset = 0, tries = 0; offset < total;) {
      const before = offset;
      try {
        const { size, body } = await this.blobs.read(this.file.blob, offset, signal);
        if (size !== total) {
          await body.cancel().catch(() => undefined);
          throw new SottoError("attachment-damaged");
        }
        for await (const bytes of readWithin(body, signal)) {
          if (offset + bytes.length > total) throw new SottoError("attachment-damaged");
          offset += bytes.length;
          yield bytes;
        }
      } catch (error) {
        if (signal.aborted) throw new SottoError("aborted");
        if (!(error instanceof SottoError) || !error.retryable) throw error;
        if (offset === before && tries >= triesAtMost) throw error;
        await delay(error.retryAfterMs ?? 0, signal);
      }
      tries = offset > before ? 0 : tries + 1;
      if (offset < total) await delay(backoffMs(tries, pause.baseMs, pause.maxMs), signal);
      if (tries > triesAtMost) throw new SottoError("offline");
    }
  }
}

/** A body that breaks off, or says nothing for long, is `offline`. */
async function* readWithin(body: ReadableStream<Uint8Array>, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  const reader = body.getReader();
  try {
    for (;;) {
      const next = await withDeadline(reader.read(), { timeoutMs: silenceMs, signal }).catch((cause: unknown) => {
        throw new SottoError("offline", { cause });
      });
      if (next.done) return;
      yield next.value;
    }
  } finally {
    await reader.cancel().catch(() => undefined);
  }
}
