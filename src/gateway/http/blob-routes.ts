/**
 * Blobs over HTTP: parts come by PUT, one at a time, each held in memory whole until it is durable; reading goes part by part, as fast as
 * the reader takes it. Whatever stalls for long is cut off.
 */
import type { HttpBindings } from "@hono/node-server";
import type { Context, Hono } from "hono";
import { UploadConflict, type BlobKeeping } from "../../actors/blob-keeping.ts";
import type { BlobRow } from "../../actors/ports/store-blobs.ts";
import type { Telemetry } from "../../actors/ports/silent-telemetry.ts";
import type { TokenVerifier } from "../../actors/ports/sign-in.ts";
import { blobId, partLength, type BlobId } from "../../protocol/blobs.ts";
import { SottoError } from "../../protocol/errors.ts";
import type { UserId } from "../../protocol/ids.ts";
import { limits } from "../../protocol/limits.ts";
import { blobBody, type BodySource } from "./blob-body.ts";
import { contentRange, requestedRange, type ByteRange } from "./byte-ranges.ts";
import { isDigestOf, readExactly } from "./part-body.ts";
import { refuse } from "./refusals.ts";
import type { Pace } from "./least-pace.ts";
import { TransferSlots, type SlotLimits } from "./transfer-slots.ts";

export interface BlobRouteParts {
  /** Undefined where the deployment has no place for blobs. */
  keeping: BlobKeeping | undefined;
  verifier: TokenVerifier;
  telemetry: Telemetry;
  /** Tests have them tighter. */
  rules?: TransferRules;
}

type App = Hono<{ Bindings: HttpBindings }>;
type AppContext = Context<{ Bindings: HttpBindings }>;

export const blobPath = "/v1/blobs/";

/** What goes on at once, and how fast at least. */
export interface TransferRules {
  uploads: SlotLimits & { pace: Pace };
  downloads: SlotLimits & { pace: Pace };
}

const paceOver = (windowMs: number): Pace => ({ bytes: (limits.blobLeastBytesPerSecond * windowMs) / 1000, windowMs });
/** An upload takes up to two parts of memory. A reader may pause for longer: what it is given waits in its buffers. */
const transferRules: TransferRules = {
  uploads: { total: 64, perUser: 8, perUserWhenBusy: 2, pace: paceOver(20_000) },
  downloads: { total: 256, perUser: 16, perUserWhenBusy: 4, pace: paceOver(60_000) },
};

export function addBlobRoutes(app: App, parts: BlobRouteParts): void {
  const { keeping: given, verifier, telemetry, rules = transferRules } = parts;
  const receiving = new TransferSlots(rules.uploads);
  const sending = new TransferSlots(rules.downloads);
  const asked = async (context: AppContext): Promise<{ user: UserId; blob: BlobId; keeping: BlobKeeping }> => {
    if (given === undefined) throw new SottoError("attachments-disabled");
    const [, token = ""] = /^Bearer ([\x21-\x7e]+)$/i.exec(context.req.header("authorization") ?? "") ?? [];
    const { user } = await verifier.verify(token);
    const parsed = blobId.safeParse(context.req.path.slice(blobPath.length));
    if (!parsed.success) throw new SottoError("invalid-request", { detail: "A blob's id is 64 hexadecimal digits." });
    context.header("Cache-Control", "no-store");
    return { user, blob: parsed.data, keeping: given };
  };

  app.put(`${blobPath}:id`, async (context) => {
    const { user, blob, keeping } = await asked(context);
    const { offset, size, length } = placeIn(context);
    const release = receiving.take(user);
    try {
      await keeping.admitPart(user, { blob, size, offset });
      const bytes = await readExactly(context.env.incoming, length, rules.uploads.pace);
      const digest = context.req.header("content-digest");
      if (digest !== undefined && !isDigestOf(bytes, digest)) throw new SottoError("part-damaged");
      const row = await keeping.keepPart({ blob, size, offset }, bytes);
      telemetry.metrics.count("blob_bytes", { direction: "in" }, length);
      tellProgress(context, row);
      const { received, expiresAt } = row;
      return context.json({ size, received, expiresAt }, received === size ? 201 : 200);
    } catch (error) {
      if (error instanceof UploadConflict) tellProgress(context, error.row);
      if (error instanceof SottoError && error.code === "timeout") {
        telemetry.log.info("blob.upload-too-slow");
        context.header("Connection", "close");
      }
      throw error;
    } finally {
      release();
    }
  });

  app.get(`${blobPath}:id`, async (context) => {
    const { user, blob, keeping } = await asked(context);
    const row = await keeping.find(user, blob);
    const isHead = context.req.raw.method === "HEAD";
    if (isHead) tellProgress(context, row);
    if (row.received < row.size) {
      if (isHead) return context.body(null, 200);
      throw new SottoError("blob-unknown");
    }
    const { pace } = rules.downloads;
    return sendBlob(context, row, isHead ? undefined : { keeping, release: sending.take(user), telemetry, pace });
  });

  app.delete(`${blobPath}:id`, async (context) => {
    const { user, blob, keeping } = await asked(context);
    await keeping.remove(user, blob);
    return context.body(null, 204);
  });
}

function tellProgress(context: AppContext, { received, size }: BlobRow): void {
  context.header("Upload-Offset", String(received));
  context.header("Upload-Length", String(size));
}

/** Which part a request brings: of a blob that is one part the length alone says it. */
function placeIn(context: AppContext): { offset: number; size: number; length: number } {
  const given = context.req.header("content-length") ?? "";
  if (!/^\d{1,15}$/.test(given))
    throw new SottoError("invalid-request", { detail: "A part comes with its Content-Length." });
  const length = Number(given);
  const header = context.req.header("content-range");
  const range = header === undefined ? { first: 0, last: length - 1, size: length } : contentRange(header);
  if (!range || length === 0 || range.last - range.first + 1 !== length) {
    throw new SottoError("invalid-request", { detail: "Content-Range: bytes FIRST-LAST/SIZE, as long as the body." });
  }
  const { first: offset, size } = range;
  const expected = partLength(size, offset);
  if (length > expected) throw new SottoError("too-large", { detail: `The part at ${offset} has ${expected} bytes.` });
  if (length < expected)
    throw new SottoError("invalid-request", { detail: `The part at ${offset} has ${expected} bytes.` });
  return { offset, size, length };
}

/** The whole, or the range that was asked for; without `sending` only what the headers say of it. */
async function sendBlob(context: AppContext, row: BlobRow, sending: BodySource | undefined) {
  const range = requestedRange(context.req.header("range"), row.size);
  context.header("Accept-Ranges", "bytes");
  context.header("Content-Type", "application/octet-stream");
  context.header("Content-Disposition", "attachment");
  context.header("Content-Security-Policy", "default-src 'none'; sandbox");
  if (range === "none") {
    sending?.release();
    context.header("Content-Range", `bytes */${row.size}`);
    return refuse(context, new SottoError("invalid-request", { detail: `There are ${row.size} bytes.` }), 416);
  }
  const { first, last }: ByteRange = range === "whole" ? { first: 0, last: row.size - 1 } : range;
  if (range !== "whole") context.header("Content-Range", `bytes ${first}-${last}/${row.size}`);
  context.header("Content-Length", String(last - first + 1));
  const body = await openBody(context, row, { first, last }, sending);
  const status = range === "whole" ? 200 : 206;
  return body ? context.body(body as ReadableStream<Uint8Array<ArrayBuffer>>, status) : context.body(null, status);
}

async function openBody(context: AppContext, row: BlobRow, range: ByteRange, sending: BodySource | undefined) {
  if (sending === undefined) return null;
  try {
    return await blobBody(context.env.incoming.socket, row, range, sending);
  } catch (error) {
    sending.release();
    for (const name of ["Content-Length", "Content-Range", "Content-Type"]) context.header(name, undefined);
    throw error;
  }
}
