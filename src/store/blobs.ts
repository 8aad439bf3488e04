import type { ConversationId, DeviceId, MessageId } from "../protocol/ids.ts";

/** A UUID as the 32 hexadecimal digits of its bytes. */
export const hexOf = (id: DeviceId | ConversationId | MessageId): string => id.replaceAll("-", "");

/** A UUID as the 16 bytes that stand in the tables. */
export function blobOf(id: DeviceId | ConversationId | MessageId): Uint8Array {
  return Buffer.from(hexOf(id), "hex");
}

/** The UUID of 16 bytes from a table. */
export function idOf<Id extends DeviceId | ConversationId | MessageId>(blob: Uint8Array): Id {
  const hex = Buffer.from(blob.buffer, blob.byteOffset, blob.byteLength).toString("hex");
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}` as Id;
}

/** Whether two byte strings are the same. Nothing secret is compared here: no constant time. */
export function sameBytes(a: Uint8Array | null, b: Uint8Array | null): boolean {
  if (a === null || b === null) return a === b;
  return a.length === b.length && Buffer.compare(a, b) === 0;
}

/** Bytes without a pool behind them, so that a copy to another thread is as small as they are. */
export function exactBytes(bytes: Uint8Array): Uint8Array {
  return bytes.byteLength === bytes.buffer.byteLength && bytes.constructor === Uint8Array
    ? bytes
    : new Uint8Array(bytes);
}

const blank = new Uint8Array(16);

/** Leaves of a group's tree in one blob: 16 bytes each, zeros where blank. */
export function leavesBlob(leaves: readonly (DeviceId | null)[]): Uint8Array {
  return Buffer.concat(leaves.map((leaf) => (leaf === null ? blank : blobOf(leaf))));
}

/** The leaves of such a blob. */
export function leavesOf(blob: Uint8Array): (DeviceId | null)[] {
  return Array.from({ length: blob.length / 16 }, (_, index) => {
    const leaf = blob.subarray(index * 16, index * 16 + 16);
    return sameBytes(leaf, blank) ? null : idOf<DeviceId>(leaf);
  });
}
