/** Bytes as they stand on the wire: padded base64 (RFC 4648 §4) in JSON strings. */
import * as z from "zod/mini";

const canonical = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

/** Base64 of at least `minBytes` and at most `maxBytes` bytes. Checked by shape and length, not decoded. */
export function base64Bytes(maxBytes: number, minBytes = 0) {
  return z.string().check(
    z.maxLength(Math.ceil(maxBytes / 3) * 4),
    z.regex(canonical),
    z.refine((text) => {
      const bytes = base64Length(text);
      return bytes >= minBytes && bytes <= maxBytes;
    }),
  );
}

/** How many bytes a base64 text decodes to. */
export function base64Length(text: string): number {
  const padding = text.endsWith("==") ? 2 : text.endsWith("=") ? 1 : 0;
  return (text.length / 4) * 3 - padding;
}

const nodeBuffer = (globalThis as { Buffer?: typeof Buffer }).Buffer;

export function toBase64(bytes: Uint8Array): string {
  if (nodeBuffer) return nodeBuffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("base64");
  let binary = "";
  for (let start = 0; start < bytes.length; start += 8192) {
    binary += String.fromCharCode(...bytes.subarray(start, start + 8192));
  }
  return btoa(binary);
}

/** The bytes of a text that `base64Bytes` has accepted. */
export function fromBase64(text: string): Uint8Array {
  if (nodeBuffer) {
    const bytes = new Uint8Array(base64Length(text));
    nodeBuffer.from(bytes.buffer).write(text, "base64");
    return bytes;
  }
  return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
}
