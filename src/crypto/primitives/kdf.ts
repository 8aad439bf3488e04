import type { Kdf } from "ts-mls/crypto/kdf.js";
import { concatBytes } from "./bytes.ts";
import { hmac, type HashName } from "./hash.ts";

const hashLengths: Record<HashName, number> = { "SHA-256": 32, "SHA-512": 64 };

/** Bytes of the hash, and so of a pseudorandom key. */
export function hashLength(name: HashName): number {
  return hashLengths[name];
}

/** HKDF-Extract (RFC 5869 §2.2). An empty salt equals one of zeros, as HMAC pads its key with zeros. */
export function hkdfExtract(name: HashName, salt: Uint8Array, inputKey: Uint8Array): Uint8Array {
  return hmac(name, salt, inputKey);
}

/** HKDF-Expand (RFC 5869 §2.3). Throws RangeError past 255 times the hash's length. */
export function hkdfExpand(name: HashName, key: Uint8Array, info: Uint8Array, length: number): Uint8Array {
  const size = hashLengths[name];
  if (length > 255 * size) throw new RangeError("HKDF cannot give so many bytes");
  if (length <= size) return hmac(name, key, concatBytes(info, Uint8Array.of(1))).subarray(0, length);
  const output = new Uint8Array(Math.ceil(length / size) * size);
  let block = new Uint8Array();
  for (let counter = 1; (counter - 1) * size < length; counter++) {
    block = new Uint8Array(hmac(name, key, concatBytes(block, info, Uint8Array.of(counter))));
    output.set(block, (counter - 1) * size);
  }
  return output.slice(0, length);
}

/** The `Kdf` of the MLS engine: HKDF over the hash named. */
export function makeKdf(name: HashName): Kdf {
  return {
    size: hashLengths[name],
    extract: async (salt, inputKey) => hkdfExtract(name, salt, inputKey),
    expand: async (key, info, length) => hkdfExpand(name, key, info, length),
  };
}
