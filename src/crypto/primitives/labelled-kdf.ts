import { concatBytes } from "./bytes.ts";
import type { HashName } from "./hash.ts";
import { hkdfExpand, hkdfExtract } from "./kdf.ts";

const version = new TextEncoder().encode("HPKE-v1");
const encodedLabels = new Map<string, Uint8Array>();

function encodeLabel(label: string): Uint8Array {
  let bytes = encodedLabels.get(label);
  if (!bytes) encodedLabels.set(label, (bytes = new TextEncoder().encode(label)));
  return bytes;
}

/** LabeledExtract (RFC 9180 §4). `suite`: "KEM" or "HPKE" and the ids of the algorithms. */
export function labelledExtract(
  name: HashName,
  suite: Uint8Array,
  salt: Uint8Array,
  label: string,
  inputKey: Uint8Array,
): Uint8Array {
  return hkdfExtract(name, salt, concatBytes(version, suite, encodeLabel(label), inputKey));
}

/** LabeledExpand (RFC 9180 §4). */
export function labelledExpand(
  name: HashName,
  suite: Uint8Array,
  key: Uint8Array,
  label: string,
  info: Uint8Array,
  length: number,
): Uint8Array {
  const lengthBytes = Uint8Array.of(length >>> 8, length & 0xff);
  return hkdfExpand(name, key, concatBytes(lengthBytes, version, suite, encodeLabel(label), info), length);
}
