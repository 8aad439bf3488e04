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
  | "body"
  | "body-keys"
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
  | "recovery-words"
  | "recovery-owner"
  | "recovery-vault-key"
  | "recovery-kem-key"
  | "recovery-key"
  | "recovery-vault"
  | "recovery-vault-kept"
  | "recovery-archive-key"
  | "recovery-grant"
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
  const head = headOf(label);
  let length = head.length;
  for (const part of parts) length += 4 + bytesOf(part);
  const writer = new ByteWriter(length).fixed(head);
  for (const part of parts) {
    if (typeof part === "string") writer.text(part);
    else if (part instanceof Uint8Array) writer.opaque(part);
    else writer.u32(8).u64(part);
  }
  return writer.finish();
}

/** Labels behind their lengths, as every object begins: encoded once. */
const heads = new Map<SigningLabel, Uint8Array>();

function headOf(label: SigningLabel): Uint8Array {
  let head = heads.get(label);
  if (!head) heads.set(label, (head = new ByteWriter().text(`sotto/1 ${label}`).finish()));
  return head;
}

/** Of text that is not ASCII it is less than there will be. */
function bytesOf(part: Uint8Array | string | number | bigint): number {
  return typeof part === "string" || part instanceof Uint8Array ? part.length : 8;
}
