import { sodium, sodiumReady } from "../../src/identity/sodium.ts";
import { xWing } from "../../src/crypto/primitives/kem.ts";
import { fromHex, isHex, readVectors, requireVectors, Tally } from "./vector-file.ts";

interface Vector {
  seed: string;
  eseed: string;
  ss: string;
  sk: string;
  pk: string;
  ct: string;
}

describe("X-Wing draft", () => {
  let vectors: Vector[] = [];

  before(async function () {
    requireVectors(this);
    await sodiumReady();
    vectors = readVectors<Vector[]>("xwing/xwing.json");
  });

  async function run(name: string, check: (vector: Vector) => boolean): Promise<void> {
    const tally = new Tally(`xwing ${name}`);
    for (const [index, vector] of vectors.entries()) await tally.run(index, () => check(vector));
    tally.report();
  }

  it("makes the key pair of each seed", () =>
    run("key generation", (vector) => {
      const pair = sodium().crypto_kem_xwing_seed_keypair(fromHex(vector.seed));
      return isHex(pair.publicKey, vector.pk) && isHex(pair.privateKey, vector.sk);
    }));

  it("encapsulates as published, given the randomness", () =>
    run("encapsulation", (vector) => {
      const result = sodium().crypto_kem_xwing_enc_deterministic(fromHex(vector.pk), fromHex(vector.eseed));
      return isHex(result.ciphertext, vector.ct) && isHex(result.sharedSecret, vector.ss);
    }));

  it("decapsulates as published", () =>
    run("decapsulation", (vector) => isHex(xWing.decapsulate(fromHex(vector.sk), fromHex(vector.ct)), vector.ss)));
});
