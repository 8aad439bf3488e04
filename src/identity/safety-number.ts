import type { UserId } from "../protocol/ids.ts";
import { signedBytes } from "../protocol/signed-bytes.ts";
import { toHex } from "../protocol/equal-bytes.ts";
import { sodium } from "./sodium.ts";

const version = 1;
const iterations = 5200;

/** One side of a comparison. `accountKey`: 32 bytes. */
export interface SafetyIdentity {
  readonly user: UserId;
  readonly accountKey: Uint8Array;
}

/** What two people compare. `digits`: twelve groups of five; `code`: 128 bytes for a QR code, both full hashes, sorted. */
export interface SafetyNumber {
  readonly digits: string;
  readonly code: Uint8Array;
}

/** The number of a pair: the same on both sides, whoever asks. About 30 ms. */
export function safetyNumber(one: SafetyIdentity, other: SafetyIdentity): SafetyNumber {
  const sides = [one, other].map((side) => {
    const hash = identityHash(side);
    return { hash, digits: digitGroups(hash) };
  });
  sides.sort((a, b) => (toHex(a.hash) < toHex(b.hash) ? -1 : 1));
  const code = new Uint8Array(sides.flatMap((side) => [...side.hash]));
  return { digits: sides.flatMap((side) => side.digits).join(" "), code };
}

/** SHA-512 iterated, to make a search for a look-alike dear; the key goes into each round. */
function identityHash(side: SafetyIdentity): Uint8Array {
  const input = signedBytes("safety-number", version, side.accountKey, side.user);
  let hash = sodium().crypto_hash_sha512(input);
  for (let round = 1; round < iterations; round++) {
    const next = new Uint8Array(hash.length + input.length);
    next.set(hash);
    next.set(input, hash.length);
    hash = sodium().crypto_hash_sha512(next);
  }
  return hash;
}

/** The first 30 bytes as six groups of five digits: each five bytes, big-endian, modulo 100000. */
function digitGroups(hash: Uint8Array): string[] {
  return Array.from({ length: 6 }, (_, group) => {
    const number = hash.subarray(group * 5, group * 5 + 5).reduce((sum, byte) => sum * 256 + byte, 0);
    return String(number % 100_000).padStart(5, "0");
  });
}
