import { FileSealer, plainLengthOf, sealedFileLength, type FileKey } from "../../crypto/attachment-sealing.ts";
import { SottoError } from "../../protocol/errors.ts";
import { partLength } from "../../protocol/blobs.ts";
import { ExactChunks } from "./exact-chunks.ts";

/**
 * A file as the parts of its blob, one after another, each when it is asked for: one part and one chunk are in memory. Throws
 * `source-lost` where the source brings another number of bytes than it said.
 */
export async function* sealedParts(
  key: FileKey,
  size: number,
  source: AsyncIterable<Uint8Array>,
  signal: AbortSignal,
): AsyncGenerator<{ offset: number; bytes: Uint8Array }> {
  const chunks = new ExactChunks(source, signal);
  const sealer = new FileSealer(key, size);
  const total = sealedFileLength(size);
  try {
    let sealed = key.header;
    let read = 0;
    for (let offset = 0, index = 0; offset < total;) {
      const bytes = new Uint8Array(partLength(total, offset));
      for (let filled = 0; filled < bytes.length;) {
        if (sealed.length === 0) {
          const chunk = await paddedChunk(chunks, plainLengthOf(size, index), size - read);
          read += Math.min(chunk.length, size - read);
          sealed = sealer.seal(chunk);
          index += 1;
        }
        const taken = sealed.subarray(0, bytes.length - filled);
        bytes.set(taken, filled);
        filled += taken.length;
        sealed = sealed.subarray(taken.length);
      }
      // What is longer than it said is found before its last part leaves.
      if (sealer.isDone && (await chunks.take(1)).length > 0) throw otherThanSaid();
      yield { offset, bytes };
      offset += bytes.length;
    }
  } finally {
    sealer.end();
    chunks.end();
  }
}

/** The next chunk: bytes of the file, as long as there are any, then zeros. */
async function paddedChunk(chunks: ExactChunks, length: number, left: number): Promise<Uint8Array> {
  const wanted = Math.min(length, left);
  const taken = wanted > 0 ? await chunks.take(wanted) : new Uint8Array(0);
  if (taken.length < wanted) throw otherThanSaid();
  if (wanted === length) return taken;
  const padded = new Uint8Array(length);
  padded.set(taken);
  return padded;
}

const otherThanSaid = (): SottoError =>
  new SottoError("source-lost", { detail: "The file has another size than was said when it was sent." });
