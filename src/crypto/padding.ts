import { sodium } from "../identity/sodium.ts";
import { SottoError } from "../protocol/errors.ts";

const smallestBucket = 256;

/** The padded length of `length` bytes: the least 256 · 2^k that holds them and one marker byte. */
export function paddedLength(length: number): number {
  return bucketOf(length, smallestBucket);
}

/** Pads to `smallest` · 2^k bytes, 256 unless said otherwise (ISO/IEC 7816-4: a byte 0x80, then zeros), so that a size tells little of the content. */
export function pad(bytes: Uint8Array, smallest = smallestBucket): Uint8Array {
  return sodium().pad(bytes, bucketOf(bytes.length, smallest));
}

/** What `pad` was given. Throws `undecryptable` unless the padding is exactly what `pad` writes. */
export function unpad(padded: Uint8Array, smallest = smallestBucket): Uint8Array {
  if (padded.length < smallest) throw new SottoError("undecryptable");
  let bytes: Uint8Array;
  try {
    bytes = sodium().unpad(padded, padded.length);
  } catch {
    throw new SottoError("undecryptable");
  }
  if (bucketOf(bytes.length, smallest) !== padded.length) throw new SottoError("undecryptable");
  return bytes;
}

function bucketOf(length: number, smallest: number): number {
  let bucket = smallest;
  while (bucket < length + 1) bucket *= 2;
  return bucket;
}

const smallestFile = 4096;

/**
 * The padded length of a file of `length` bytes: Padmé (Nikitin et al., 2019), 4096 at least. At most an eighth is added, less the larger
 * it is; of the size nothing shows but its first few binary digits.
 */
export function paddedFileLength(length: number): number {
  const least = Math.max(length, smallestFile);
  const exponent = Math.floor(Math.log2(least));
  const digits = Math.floor(Math.log2(exponent)) + 1;
  const step = 2 ** (exponent - digits);
  return Math.ceil(least / step) * step;
}
