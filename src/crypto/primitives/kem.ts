import { sodium } from "../../identity/sodium.ts";
import { SottoError } from "../../protocol/errors.ts";
import { concatBytes } from "./bytes.ts";
import { labelledExpand, labelledExtract } from "./labelled-kdf.ts";
import { randomBytes } from "./random.ts";

export interface KemKeyPair {
  publicKey: Uint8Array;
  secretKey: Uint8Array;
}

/**
 * A key encapsulation mechanism as HPKE wants it (RFC 9180 §4). Points of low order and malformed keys are refused:
 * `encapsulate` throws `invalid-argument`, `decapsulate` throws `undecryptable`.
 */
export interface Kem {
  /** RFC 9180 §7.1. */
  readonly id: number;
  readonly publicKeyLength: number;
  readonly secretKeyLength: number;
  generateKeyPair(): KemKeyPair;
  deriveKeyPair(inputKey: Uint8Array): KemKeyPair;
  encapsulate(publicKey: Uint8Array): { encapsulated: Uint8Array; sharedSecret: Uint8Array };
  decapsulate(secretKey: Uint8Array, encapsulated: Uint8Array): Uint8Array;
}

/** X25519 (RFC 7748). Throws for an all-zero result, so for every point of low order. */
export function x25519(secretKey: Uint8Array, publicKey: Uint8Array): Uint8Array {
  return sodium().crypto_scalarmult(secretKey, publicKey);
}

const dhkemSuite = concatBytes(new TextEncoder().encode("KEM"), Uint8Array.of(0x00, 0x20));

/** DHKEM(X25519, HKDF-SHA256), RFC 9180 §4.1. Keys: 32 bytes each. */
export const dhkemX25519: Kem = {
  id: 0x0020,
  publicKeyLength: 32,
  secretKeyLength: 32,
  generateKeyPair: () => x25519KeyPair(randomBytes(32)),
  deriveKeyPair(inputKey) {
    const prk = labelledExtract("SHA-256", dhkemSuite, new Uint8Array(), "dkp_prk", inputKey);
    return x25519KeyPair(labelledExpand("SHA-256", dhkemSuite, prk, "sk", new Uint8Array(), 32));
  },
  encapsulate(publicKey) {
    const ephemeral = x25519KeyPair(randomBytes(32));
    const agreed = refuseAs("invalid-argument", () => x25519(ephemeral.secretKey, publicKey));
    ephemeral.secretKey.fill(0);
    return { encapsulated: ephemeral.publicKey, sharedSecret: dhkemSecret(agreed, ephemeral.publicKey, publicKey) };
  },
  decapsulate(secretKey, encapsulated) {
    const agreed = refuseAs("undecryptable", () => x25519(secretKey, encapsulated));
    return dhkemSecret(agreed, encapsulated, sodium().crypto_scalarmult_base(secretKey));
  },
};

/**
 * X-Wing (draft-connolly-cfrg-xwing-kem): ML-KEM-768 and X25519. Public key 1216 bytes, secret key 32 (a seed), encapsulated
 * 1120. `encapsulate` brings its own randomness, for the reason told at `randomBytes`.
 */
export const xWing: Kem = {
  id: 0x647a,
  publicKeyLength: 1216,
  secretKeyLength: 32,
  generateKeyPair: () => xWingKeyPair(randomBytes(32)),
  deriveKeyPair(inputKey) {
    const seed = sodium().crypto_xof_shake256(32, inputKey);
    const pair = xWingKeyPair(seed);
    if (pair.secretKey !== seed) seed.fill(0);
    return pair;
  },
  encapsulate(publicKey) {
    const seed = randomBytes(64);
    const result = refuseAs("invalid-argument", () => sodium().crypto_kem_xwing_enc_deterministic(publicKey, seed));
    seed.fill(0);
    return { encapsulated: result.ciphertext, sharedSecret: result.sharedSecret };
  },
  decapsulate: (secretKey, encapsulated) =>
    refuseAs("undecryptable", () => sodium().crypto_kem_xwing_dec(encapsulated, secretKey)),
};

function x25519KeyPair(secretKey: Uint8Array): KemKeyPair {
  return { publicKey: sodium().crypto_scalarmult_base(secretKey), secretKey };
}

function xWingKeyPair(seed: Uint8Array): KemKeyPair {
  const { publicKey, privateKey } = sodium().crypto_kem_xwing_seed_keypair(seed);
  return { publicKey, secretKey: privateKey };
}

/** ExtractAndExpand of RFC 9180 §4.1. */
function dhkemSecret(agreed: Uint8Array, encapsulated: Uint8Array, publicKey: Uint8Array): Uint8Array {
  const prk = labelledExtract("SHA-256", dhkemSuite, new Uint8Array(), "eae_prk", agreed);
  agreed.fill(0);
  return labelledExpand("SHA-256", dhkemSuite, prk, "shared_secret", concatBytes(encapsulated, publicKey), 32);
}

function refuseAs<T>(code: "invalid-argument" | "undecryptable", run: () => T): T {
  try {
    return run();
  } catch {
    throw new SottoError(code);
  }
}
