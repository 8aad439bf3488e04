/** Blobs of the node, over HTTP with the token that the connection has. Knows nothing of what is in them. */
import { blobProgress, type BlobId } from "../../protocol/blobs.ts";
import { toBase64 } from "../../protocol/base64.ts";
import { SottoError, type ErrorCode } from "../../protocol/errors.ts";
import { httpRefusal } from "../../protocol/http.ts";
import { sha2 } from "../../crypto/primitives/hash.ts";
import type { Connection } from "../connection/connection.ts";

interface Asking {
  method: "PUT" | "GET" | "HEAD" | "DELETE";
  headers?: Record<string, string>;
  body?: Uint8Array;
  signal: AbortSignal;
}

/** An answer begins within this; what it brings may take longer. */
const answerWithinMs = 60_000;
/** For answers without a body. */
const codeOfStatus: Record<number, ErrorCode> = { 404: "blob-unknown", 429: "rate-limited", 503: "overloaded" };

export class BlobClient {
  private readonly url: string;
  private readonly connection: Connection;

  constructor(url: string, connection: Connection) {
    this.url = url.replace(/\/+$/, "");
    this.connection = connection;
  }

  /** How many bytes the node has of an upload of one's own; undefined where it knows none. */
  async received(blob: BlobId, signal: AbortSignal): Promise<number | undefined> {
    try {
      const response = await this.ask(blob, { method: "HEAD", signal });
      return Number(response.headers.get("upload-offset") ?? 0);
    } catch (error) {
      if (error instanceof SottoError && error.code === "blob-unknown") return undefined;
      throw error;
    }
  }

  /** Answers until when the blob is kept. Errors: those of `PUT /v1/blobs/:id`, `offline`, `timeout`, `aborted`. */
  async putPart(
    blob: BlobId,
    place: { offset: number; size: number },
    part: Uint8Array,
    signal: AbortSignal,
  ): Promise<{ expiresAt: number }> {
    const headers = {
      "content-range": `bytes ${place.offset}-${place.offset + part.length - 1}/${place.size}`,
      "content-digest": `sha-256=:${toBase64(sha2("SHA-256", part))}:`,
    };
    const response = await this.ask(blob, { method: "PUT", headers, body: part, signal });
    return blobProgress.parse(await response.json());
  }

  /** The bytes from an offset on. `size`: what the node says the blob has. */
  async read(
    blob: BlobId,
    offset: number,
    signal: AbortSignal,
  ): Promise<{ size: number; body: ReadableStream<Uint8Array> }> {
    const response = await this.ask(blob, { method: "GET", headers: { range: `bytes=${offset}-` }, signal });
    const [, size] = /\/(\d+)$/.exec(response.headers.get("content-range") ?? "") ?? [];
    // Whoever ignores ranges sends all of it, which is of use from the beginning alone.
    const isWhole = response.status === 200 && offset === 0;
    const said = isWhole ? response.headers.get("content-length") : size;
    if (!response.body || said === undefined || said === null) throw new SottoError("attachment-damaged");
    return { size: Number(said), body: response.body };
  }

  async remove(blob: BlobId, signal: AbortSignal): Promise<void> {
    await this.ask(blob, { method: "DELETE", signal });
  }

  /** Asks once more with a fresh token where the one that there was has expired. */
  private async ask(blob: BlobId, asking: Asking): Promise<Response> {
    const token = await this.connection.currentToken(asking.signal);
    const response = await this.askWith(token, blob, asking);
    if (response.status !== 401) return accepted(response);
    await response.body?.cancel();
    return accepted(await this.askWith(await this.connection.currentToken(asking.signal, token), blob, asking));
  }

  private async askWith(token: string, blob: BlobId, { method, headers, body, signal }: Asking): Promise<Response> {
    const late = new AbortController();
    const timer = setTimeout(() => late.abort(), answerWithinMs);
    try {
      return await fetch(`${this.url}/v1/blobs/${blob}`, {
        method,
        headers: { authorization: `Bearer ${token}`, ...headers },
        ...(body && { body: body as Uint8Array<ArrayBuffer> }),
        cache: "no-store",
        credentials: "omit",
        signal: AbortSignal.any([signal, late.signal]),
      });
    } catch (cause) {
      if (signal.aborted) throw new SottoError("aborted");
      throw new SottoError(late.signal.aborted ? "timeout" : "offline", { cause });
    } finally {
      clearTimeout(timer);
    }
  }
}

async function accepted(response: Response): Promise<Response> {
  if (response.ok) return response;
  const body: unknown = await response.json().catch(() => undefined);
  // There are fewer bytes than the message says.
  if (response.status === 416) throw new SottoError("attachment-damaged");
  const refusal = httpRefusal.safeParse(body);
  if (refusal.success) throw SottoError.fromWire(refusal.data.error);
  throw new SottoError(codeOfStatus[response.status] ?? (response.status >= 500 ? "unavailable" : "invalid-request"));
}
