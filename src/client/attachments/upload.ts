/**
 * One file on its way up. Goes on where it was after a cut, and after a restart of the client where its source can be read again:
 *
 *   seal from the first byte ──▶ there already? passed by ──▶ else noted, sent, counted ──▶ … ──▶ hash of the whole
 *                                       └── the source is not what it was: another key, from the beginning
 *
 * No bytes but those that were noted leave for a place in the stream: a key seals one file, never two.
 */
import { newFileKey, sealedFileLength } from "../../crypto/attachment-sealing.ts";
import type { AttachmentContent } from "../../crypto/attachment.ts";
import { idOfBytes } from "../../crypto/attachment.ts";
import { concatBytes } from "../../crypto/primitives/bytes.ts";
import { blake2b256, RunningBlake2b256 } from "../../crypto/primitives/hash.ts";
import { randomBytes } from "../../crypto/primitives/random.ts";
import type { BlobId } from "../../protocol/blobs.ts";
import { equalBytes } from "../../protocol/equal-bytes.ts";
import { SottoError } from "../../protocol/errors.ts";
import { limits } from "../../protocol/limits.ts";
import { backoffMs, delay } from "../async/waiting.ts";
import type { UploadRecord } from "../records.ts";
import type { AttachmentSource } from "./attachment-source.ts";
import type { BlobClient } from "./blob-client.ts";
import { sealedParts } from "./sealed-parts.ts";

export interface UploadParts {
  blobs: BlobClient;
  /** Stores the record; what it says counts when this resolves. */
  note(record: UploadRecord): Promise<void>;
  /** Resolves when there is a connection. */
  online(signal: AbortSignal): Promise<void>;
  /** Nobody will ask for this blob: it is to be removed. */
  abandon(blob: BlobId): Promise<void>;
  progress(sent: number, total: number): void;
  reconnect: { baseMs: number; maxMs: number };
}

/** Begins again from the first byte, with another key. */
class StartAnew extends Error {}

const anewAtMost = 3;

export function newUpload(source: AttachmentSource): UploadRecord {
  return { ...freshPlace(), size: source.size, source: source.stored, noted: 0, chain: new Uint8Array(32) };
}

const freshPlace = () => ({ blob: idOfBytes(randomBytes(32)), ...newFileKey() });

/** Resolves with what the message is to say. Throws why it cannot be: `source-lost`, `aborted`, and refusals of the node that stay. */
export async function upload(
  given: UploadRecord,
  source: AttachmentSource,
  parts: UploadParts,
  signal: AbortSignal,
): Promise<Pick<AttachmentContent, "blob" | "key" | "hash">> {
  let record = given;
  for (let attempt = 0; ; attempt += 1) {
    try {
      const hash = await uploadOnce(record, source, parts, signal);
      return { blob: record.blob, key: record.key, hash };
    } catch (error) {
      if (!(error instanceof StartAnew) || attempt >= anewAtMost) {
        throw error instanceof StartAnew ? new SottoError("source-lost") : error;
      }
      await parts.abandon(record.blob);
      record = { ...record, ...freshPlace(), noted: 0, chain: new Uint8Array(32) };
      await parts.note(record);
    }
  }
}

async function uploadOnce(
  given: UploadRecord,
  source: AttachmentSource,
  parts: UploadParts,
  signal: AbortSignal,
): Promise<Uint8Array> {
  let record = given;
  const total = sealedFileLength(record.size);
  const isKnown = record.noted > 0;
  let received = isKnown ? await whileOnline(parts, signal, () => parts.blobs.received(record.blob, signal)) : 0;
  // What the node had of it has ended, or was lost with an older database: parts before the last that was noted cannot be sent again, since
  // whether they are the same bytes shows only there.
  if (received === undefined || received > record.noted || received < lastPartOf(record.noted)) throw new StartAnew();
  const hash = new RunningBlake2b256();
  let chain: Uint8Array = new Uint8Array(32);
  let isFinished = false;
  try {
    for await (const { offset, bytes } of sealedParts(record, record.size, source.open(signal), signal)) {
      signal.throwIfAborted();
      const end = offset + bytes.length;
      hash.update(bytes);
      chain = blake2b256(concatBytes(chain, bytes));
      if (end === record.noted && !equalBytes(chain, record.chain)) throw new StartAnew();
      if (end > record.noted) {
        record = { ...record, noted: end, chain };
        await parts.note(record);
      }
      if (received < end) received = await sendPart(record.blob, { offset, size: total }, bytes, parts, signal);
      if (received !== end && received < end) throw new StartAnew();
      parts.progress(Math.max(received, end), total);
    }
    isFinished = true;
    return hash.finish();
  } catch (error) {
    if (signal.aborted) throw new SottoError("aborted");
    throw asRefusal(error);
  } finally {
    if (!isFinished) hash.finish();
  }
}

/** Where the part begins that ends there. */
const lastPartOf = (end: number): number =>
  Math.max(0, Math.ceil(end / limits.blobPartBytes) - 1) * limits.blobPartBytes;

/** The same bytes until the node has them; a lost answer is asked after. Answers how many bytes of the blob the node has. */
async function sendPart(
  blob: BlobId,
  place: { offset: number; size: number },
  bytes: Uint8Array,
  parts: UploadParts,
  signal: AbortSignal,
): Promise<number> {
  return whileOnline(parts, signal, async (attempt) => {
    if (attempt > 0) {
      const received = await parts.blobs.received(blob, signal);
      if (received === undefined && place.offset > 0) throw new StartAnew();
      if (received !== undefined && received !== place.offset) return received;
    }
    try {
      await parts.blobs.putPart(blob, place, bytes, signal);
    } catch (error) {
      if (error instanceof SottoError && error.code === "blob-unknown") throw new StartAnew();
      throw error;
    }
    return place.offset + bytes.length;
  });
}

/** Tries until it works, or until it is refused for good. */
async function whileOnline<Result>(
  parts: UploadParts,
  signal: AbortSignal,
  work: (attempt: number) => Promise<Result>,
): Promise<Result> {
  for (let attempt = 0; ; attempt += 1) {
    await parts.online(signal);
    try {
      return await work(attempt);
    } catch (error) {
      if (!(error instanceof SottoError) || !error.retryable) throw error;
      const { reconnect } = parts;
      await delay((error.retryAfterMs ?? 0) + backoffMs(attempt, reconnect.baseMs, reconnect.maxMs), signal);
    }
  }
}

/** What the application's stream throws is its own; what the SDK says of it has a code. */
function asRefusal(error: unknown): Error {
  if (error instanceof SottoError || error instanceof StartAnew) return error;
  return new SottoError("source-lost", { cause: error });
}
