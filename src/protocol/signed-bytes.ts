/**
 * The one way to lay out bytes that are signed, hashed, or used as associated data. Owns the closed list of labels, so
 * that no object can stand in for another; never signs or hashes itself. Invariant: injective, as every part carries its length.
 */
import { ByteWriter } from "./byte-writer.ts";

/** What a signature, a hash or a derived key is for. Nothing is signed or hashed without one. */
export type SigningLabel =
  | "admission"
  | "device-list"
  | "device-list-hash"
  | "certificate"
  | "ack"
  | "read"
  | "privacy"
  | "typing"
  | "typing-seal"
  | "message"
  | "envelope"
  | "content-hash"
  | "body"
  | "body-key"
  | "body-commitment"
  | "body-hash"
  | "history-wrap"
  | "history-wrap-key"
  | "archive-row"
  | "archive-row-key"
  | "archive-key"
  | "archive-grant"
  | "history-share"
  | "history-share-key"
  | "history-share-keys"
  | "device-name"
  | "device-name-key"
  | "readd"
  | "leave"
  | "link"
  | "link-hash"
  | "link-channel"
  | "link-key"
  | "link-digits"
  | "log-entry"
  | "log-hash"
  | "log-hash-start"
  | "key-package-hash"
  | "handshake-hash"
  | "safety-number"
  | "record"
  | "record-key";

/**
 * "sotto/1 <label>" and every part, each behind its length as u32. Text is UTF-8, a number or bigint is a u64 (8 bytes,
 * big-endian). Throws RangeError for a number that is not a safe non-negative integer.
 */
export function signedBytes(label: SigningLabel, ...parts: (Uint8Array | string | number | bigint)[]): Uint8Array {
  const writer = new ByteWriter().text(`sotto/1 ${label}`);
  for (const part of parts) {
    if (typeof part === "string") writer.text(part);
    else if (part instanceof Uint8Array) writer.opaque(part);
    else writer.u32(8).u64(part);
  }
  return writer.finish();
}
