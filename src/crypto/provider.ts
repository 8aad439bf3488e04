/**
 * The primitives of the MLS engine: two suites, every primitive from libsodium. Owns the composition that RFC 9180 (HPKE) and
 * RFC 5869 (HKDF) prescribe, in primitives/; never contains a cipher, hash or curve. Invariant: any other suite is refused.
 */
import type { Ciphersuite, CiphersuiteImpl, CiphersuiteName } from "ts-mls/crypto/ciphersuite.js";
import type { CryptoProvider } from "ts-mls/crypto/provider.js";
import { sodiumReady } from "../identity/sodium.ts";
import { SottoError } from "../protocol/errors.ts";
import { suites } from "../protocol/limits.ts";
import { makeHash, type HashName } from "./primitives/hash.ts";
import { makeHpke } from "./primitives/hpke.ts";
import { makeKdf } from "./primitives/kdf.ts";
import { dhkemX25519, xWing, type Kem } from "./primitives/kem.ts";
import { randomBytes } from "./primitives/random.ts";
import { ed25519 } from "./primitives/signature.ts";

/** The engine's name of a suite, by its code point. */
export const suiteNames = {
  [suites.default]: "MLS_256_XWING_CHACHA20POLY1305_SHA512_Ed25519",
  [suites.large]: "MLS_128_DHKEMX25519_CHACHA20POLY1305_SHA256_Ed25519",
} as const satisfies Record<number, CiphersuiteName>;

const implementations = new Map<CiphersuiteName, CiphersuiteImpl>([
  implement(suiteNames[suites.default], xWing, "SHA-512"),
  implement(suiteNames[suites.large], dhkemX25519, "SHA-256"),
]);

/** The engine's provider for suites 84 and 3. Loads libsodium. Throws `invalid-argument` for another suite. */
export const sottoCryptoProvider: CryptoProvider = {
  async getCiphersuiteImpl(suite: Ciphersuite): Promise<CiphersuiteImpl> {
    await sodiumReady();
    const implementation = implementations.get(suite.name);
    if (!implementation) throw new SottoError("invalid-argument", { detail: `no cipher suite ${suite.name}` });
    return implementation;
  },
};

/** The suite of a code point. Loads libsodium. Throws `invalid-argument` for a suite that is not ours. */
export async function suiteImplementation(suite: number): Promise<CiphersuiteImpl> {
  await sodiumReady();
  const name = suite in suiteNames ? suiteNames[suite as keyof typeof suiteNames] : undefined;
  const implementation = name && implementations.get(name);
  if (!implementation) throw new SottoError("invalid-argument", { detail: `no cipher suite ${suite}` });
  return implementation;
}

function implement(name: CiphersuiteName, kem: Kem, hash: HashName): [CiphersuiteName, CiphersuiteImpl] {
  return [
    name,
    {
      name,
      hash: makeHash(hash),
      kdf: makeKdf(hash),
      hpke: makeHpke(kem, hash),
      signature: ed25519,
      rng: { randomBytes },
    },
  ];
}
