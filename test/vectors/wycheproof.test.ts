import { sodium, sodiumReady } from "../../src/identity/sodium.ts";
import { chacha20Poly1305, xchacha20Poly1305, type Aead } from "../../src/crypto/primitives/aead.ts";
import { hmac, type HashName } from "../../src/crypto/primitives/hash.ts";
import { hkdfExpand, hkdfExtract } from "../../src/crypto/primitives/kdf.ts";
import { x25519 } from "../../src/crypto/primitives/kem.ts";
import { isSignatureValid } from "../../src/identity/signature.ts";
import { attempt, fromHex, isHex, readVectors, requireVectors, Tally } from "./vector-file.ts";

type Case<K extends string> = Record<K, string> & {
  tcId: number;
  flags: string[];
  result: "valid" | "invalid" | "acceptable";
};
interface File<K extends string, G> {
  testGroups: (G & { tests: Case<K>[] })[];
}

/** Runs every vector of a Wycheproof file; `check` returns whether the outcome is the published one. */
async function runFile<K extends string, G = object>(
  name: string,
  check: (vector: Case<K>, group: G) => boolean,
): Promise<void> {
  const tally = new Tally(name);
  for (const group of readVectors<File<K, G>>(`wycheproof/${name}.json`).testGroups) {
    for (const vector of group.tests) await tally.run(vector.tcId, () => check(vector, group));
  }
  tally.report();
}

function checkAead(aead: Aead) {
  return (vector: Case<"key" | "iv" | "aad" | "msg" | "ct" | "tag">): boolean => {
    const [key, nonce, associatedData] = [fromHex(vector.key), fromHex(vector.iv), fromHex(vector.aad)];
    const sealed = attempt(() => aead.seal(key, nonce, associatedData, fromHex(vector.msg)));
    const opened = attempt(() => aead.open(key, nonce, associatedData, fromHex(vector.ct + vector.tag)));
    if (vector.result === "valid") {
      return sealed !== undefined && isHex(sealed, vector.ct + vector.tag) && !!opened && isHex(opened, vector.msg);
    }
    return opened === undefined && !(sealed && isHex(sealed, vector.ct + vector.tag));
  };
}

function checkHkdf(name: HashName) {
  return (vector: Case<"ikm" | "salt" | "info" | "okm" | "size">): boolean => {
    const key = hkdfExtract(name, fromHex(vector.salt), fromHex(vector.ikm));
    const output = attempt(() => hkdfExpand(name, key, fromHex(vector.info), Number(vector.size)));
    return vector.result === "valid" ? output !== undefined && isHex(output, vector.okm) : output === undefined;
  };
}

function checkHmac(name: HashName) {
  return (vector: Case<"key" | "msg" | "tag">, group: { tagSize: number }): boolean => {
    const tag = hmac(name, fromHex(vector.key), fromHex(vector.msg)).subarray(0, group.tagSize / 8);
    return isHex(tag, vector.tag) === (vector.result === "valid");
  };
}

describe("Wycheproof", () => {
  before(async function () {
    requireVectors(this);
    await sodiumReady();
  });

  it("x25519: every shared secret; an all-zero one is refused", () =>
    runFile<"public" | "private" | "shared">("x25519", (vector) => {
      const shared = attempt(() => x25519(fromHex(vector.private), fromHex(vector.public)));
      if (vector.flags.includes("ZeroSharedSecret")) return shared === undefined;
      return shared !== undefined && isHex(shared, vector.shared);
    }));

  it("ed25519: valid signatures and no others", () =>
    runFile<"msg" | "sig", { publicKey: { pk: string } }>("ed25519", (vector, group) => {
      const valid = isSignatureValid(fromHex(vector.sig), fromHex(vector.msg), fromHex(group.publicKey.pk));
      return valid === (vector.result === "valid");
    }));

  it("chacha20-poly1305: sealing and opening", () => runFile("chacha20_poly1305", checkAead(chacha20Poly1305)));
  it("xchacha20-poly1305: sealing and opening", () => runFile("xchacha20_poly1305", checkAead(xchacha20Poly1305)));
  it("HMAC-SHA-256", () => runFile("hmac_sha256", checkHmac("SHA-256")));
  it("HMAC-SHA-512", () => runFile("hmac_sha512", checkHmac("SHA-512")));
  it("HKDF-SHA-256", () => runFile("hkdf_sha256", checkHkdf("SHA-256")));
  it("HKDF-SHA-512", () => runFile("hkdf_sha512", checkHkdf("SHA-512")));

  // ML-KEM-768 is not used by itself: these hold libsodium's half of X-Wing to its vectors.
  it("ML-KEM-768: key generation from a seed", () =>
    runFile<"seed" | "ek" | "dk">("mlkem_768_keygen_seed", (vector) => {
      const pair = sodium().crypto_kem_mlkem768_seed_keypair(fromHex(vector.seed));
      return isHex(pair.publicKey, vector.ek) && isHex(pair.privateKey, vector.dk);
    }));

  it("ML-KEM-768: encapsulation, malformed keys refused", () =>
    runFile<"m" | "ek" | "c" | "K">("mlkem_768_encaps", (vector) => {
      const result = attempt(() =>
        sodium().crypto_kem_mlkem768_enc_deterministic(fromHex(vector.ek), fromHex(vector.m)),
      );
      if (vector.result !== "valid") return result === undefined;
      return result !== undefined && isHex(result.ciphertext, vector.c) && isHex(result.sharedSecret, vector.K);
    }));

  it("ML-KEM-768: decapsulation, implicit rejection included", () =>
    runFile<"seed" | "ek" | "c" | "K">("mlkem_768", (vector) => {
      const pair = attempt(() => sodium().crypto_kem_mlkem768_seed_keypair(fromHex(vector.seed)));
      const shared = pair && attempt(() => sodium().crypto_kem_mlkem768_dec(fromHex(vector.c), pair.privateKey));
      if (vector.result !== "valid") return shared === undefined;
      return shared !== undefined && isHex(shared, vector.K) && (!vector.ek || isHex(pair!.publicKey, vector.ek));
    }));
});
