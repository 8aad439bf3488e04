import { createHash } from "node:crypto";
import type { IncomingMessage } from "node:http";
import { SottoError } from "../../protocol/errors.ts";

/** Without a byte for so long, a sender has gone. */
const silenceMs = 20_000;

/** The body of a request, which is to have exactly `length` bytes. Throws `invalid-request` where it breaks off, or brings more. */
export async function readExactly(incoming: IncomingMessage, length: number): Promise<Uint8Array> {
  const bytes = Buffer.allocUnsafeSlow(length);
  let filled = 0;
  let silence = setTimeout(() => incoming.destroy(), silenceMs);
  try {
    for await (const chunk of incoming as AsyncIterable<Buffer>) {
      silence = silence.refresh();
      if (filled + chunk.length > length) throw new SottoError("too-large");
      filled += chunk.copy(bytes, filled);
    }
  } catch (error) {
    if (error instanceof SottoError) throw error;
    throw new SottoError("invalid-request", { detail: "The body broke off.", cause: error });
  } finally {
    clearTimeout(silence);
  }
  if (filled < length) throw new SottoError("invalid-request", { detail: "The body broke off." });
  return bytes;
}

/** Whether a `Content-Digest` (RFC 9530) is that of these bytes; one without SHA-256 says nothing. */
export function isDigestOf(bytes: Uint8Array, header: string): boolean {
  const [, given] = /(?:^|,)\s*sha-256=:([A-Za-z0-9+/]{43}=):/.exec(header) ?? [];
  return given === undefined || given === createHash("sha256").update(bytes).digest("base64");
}
