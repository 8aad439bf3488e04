import { createHash } from "node:crypto";
import type { IncomingMessage } from "node:http";
import { SottoError } from "../../protocol/errors.ts";
import { LeastPace, type Pace } from "./least-pace.ts";

/**
 * The body of a request, which is to have exactly `length` bytes. Throws `invalid-request` where it breaks off, `too-large` where it brings
 * more, and `timeout` where it comes too slowly: then the rest is not read, and the connection is of no use any more.
 */
export async function readExactly(incoming: IncomingMessage, length: number, pace: Pace): Promise<Uint8Array> {
  const bytes = Buffer.allocUnsafeSlow(length);
  const chunks = incoming.iterator({ destroyOnReturn: false }) as AsyncIterator<Buffer>;
  let giveUp: (error: SottoError) => void;
  const tooSlow = new Promise<never>((_resolve, reject) => (giveUp = reject));
  const watched = new LeastPace(pace, () => giveUp(new SottoError("timeout", { detail: "The part came too slowly." })));
  let filled = 0;
  try {
    for (;;) {
      const next = await Promise.race([chunks.next(), tooSlow]);
      if (next.done) break;
      watched.move(next.value.length);
      if (filled + next.value.length > length) throw new SottoError("too-large");
      filled += next.value.copy(bytes, filled);
    }
  } catch (error) {
    if (error instanceof SottoError) throw error;
    throw new SottoError("invalid-request", { detail: "The body broke off.", cause: error });
  } finally {
    watched.end();
  }
  if (filled < length) throw new SottoError("invalid-request", { detail: "The body broke off." });
  return bytes;
}

/** Whether a `Content-Digest` (RFC 9530) is that of these bytes; one without SHA-256 says nothing. */
export function isDigestOf(bytes: Uint8Array, header: string): boolean {
  const [, given] = /(?:^|,)\s*sha-256=:([A-Za-z0-9+/]{43}=):/.exec(header) ?? [];
  return given === undefined || given === createHash("sha256").update(bytes).digest("base64");
}
