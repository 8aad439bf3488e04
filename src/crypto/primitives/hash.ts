import type { Hash } from "ts-mls/crypto/hash.js";
import { sodium } from "../../identity/sodium.ts";
import { equalSecrets } from "./bytes.ts";

export type HashName = "SHA-256" | "SHA-512";

/** BLAKE2b (RFC 7693) with a 32-byte output; with a key of 16 to 64 bytes it is a MAC and a key derivation. */
export function blake2b256(bytes: Uint8Array, key: Uint8Array | null = null): Uint8Array {
  return sodium().crypto_generichash(32, bytes, key);
}

/** The same with a 64-byte output. */
export function blake2b512(bytes: Uint8Array, key: Uint8Array): Uint8Array {
  return sodium().crypto_generichash(64, bytes, key);
}

/** BLAKE2b with a 32-byte output, of bytes that come one after another. */
export class RunningBlake2b256 {
  private readonly state = sodium().crypto_generichash_init(null, 32);

  update(bytes: Uint8Array): void {
    sodium().crypto_generichash_update(this.state, bytes);
  }

  /** The last call: it frees the state. */
  finish(): Uint8Array {
    return sodium().crypto_generichash_final(this.state, 32);
  }
}

/** SHA-2 (FIPS 180-4): 32 or 64 bytes. */
export function sha2(name: HashName, bytes: Uint8Array): Uint8Array {
  return name === "SHA-256" ? sodium().crypto_hash_sha256(bytes) : sodium().crypto_hash_sha512(bytes);
}

/** HMAC (RFC 2104) under a key of any length: 32 or 64 bytes. libsodium's one-call form takes keys of 32 bytes only. */
export function hmac(name: HashName, key: Uint8Array, bytes: Uint8Array): Uint8Array {
  const lib = sodium();
  if (name === "SHA-256") {
    if (key.length === 32) return lib.crypto_auth_hmacsha256(bytes, key);
    const state = lib.crypto_auth_hmacsha256_init(key);
    lib.crypto_auth_hmacsha256_update(state, bytes);
    return lib.crypto_auth_hmacsha256_final(state);
  }
  if (key.length === 32) return lib.crypto_auth_hmacsha512(bytes, key);
  const state = lib.crypto_auth_hmacsha512_init(key);
  lib.crypto_auth_hmacsha512_update(state, bytes);
  return lib.crypto_auth_hmacsha512_final(state);
}

/** The `Hash` of the MLS engine. */
export function makeHash(name: HashName): Hash {
  return {
    digest: async (data) => sha2(name, data),
    mac: async (key, data) => hmac(name, key, data),
    verifyMac: async (key, mac, data) => equalSecrets(mac, hmac(name, key, data)),
  };
}
