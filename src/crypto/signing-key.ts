/**
 * Ed25519 keys that sign: the account identity key and the device keys. One secret key is one argument; no function takes a
 * public key beside it, because signing the same message under two public keys gives the secret away.
 */
import { sodium } from "../identity/sodium.ts";
import { SottoError } from "../protocol/errors.ts";
import { equalSecrets } from "./primitives/bytes.ts";
import { blake2b256 } from "./primitives/hash.ts";
import { randomBytes } from "./primitives/random.ts";

/** `publicKey`: 32 bytes. `secretKey`: 64 bytes, libsodium's form: the seed, then the public key that belongs to it. */
export interface SigningKeyPair {
  publicKey: Uint8Array;
  secretKey: Uint8Array;
}

/** A fresh Ed25519 key pair. */
export function generateSigningKeyPair(): SigningKeyPair {
  const seed = randomBytes(32);
  const pair = signingKeyPairFromSeed(seed);
  seed.fill(0);
  return pair;
}

/** The key pair of a 32-byte seed (RFC 8032 §5.1.5). */
export function signingKeyPairFromSeed(seed: Uint8Array): SigningKeyPair {
  if (seed.length !== 32) throw new SottoError("invalid-argument", { detail: "a seed has 32 bytes" });
  const { publicKey, privateKey } = sodium().crypto_sign_seed_keypair(seed);
  return { publicKey, secretKey: privateKey };
}

/** The public key (32 bytes) of a secret key, derived from its seed. */
export function publicKeyOf(secretKey: Uint8Array): Uint8Array {
  return consistentSecretKey(secretKey).slice(32);
}

/**
 * Signs bytes, which should come from `signedBytes`; the signature has 64 bytes. `secretKey`: 64 bytes, or its 32-byte seed.
 * Throws `invalid-argument` when the second half is not the public key of the first.
 */
export function sign(secretKey: Uint8Array, bytes: Uint8Array): Uint8Array {
  return sodium().crypto_sign_detached(bytes, consistentSecretKey(secretKey));
}

/** Hashes of the secret keys that have been found consistent: deriving a public key takes as long as signing. */
const checked = new WeakMap<Uint8Array, Uint8Array>();

function consistentSecretKey(secretKey: Uint8Array): Uint8Array {
  if (secretKey.length === 32) return signingKeyPairFromSeed(secretKey).secretKey;
  if (secretKey.length !== 64) throw new SottoError("invalid-argument", { detail: "a secret key has 64 bytes" });
  const fingerprint = blake2b256(secretKey);
  const known = checked.get(secretKey);
  if (known && equalSecrets(known, fingerprint)) return secretKey;
  const derived = signingKeyPairFromSeed(secretKey.subarray(0, 32)).secretKey;
  const isConsistent = equalSecrets(derived, secretKey);
  derived.fill(0);
  if (!isConsistent) {
    throw new SottoError("invalid-argument", { detail: "the secret key holds another key's public half" });
  }
  checked.set(secretKey, fingerprint);
  return secretKey;
}
