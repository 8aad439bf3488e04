import { expect } from "chai";
import { ed25519 } from "../../src/crypto/primitives/signature.ts";
import { generateSigningKeyPair, publicKeyOf, sign } from "../../src/crypto/signing-key.ts";
import { sodiumReady } from "../../src/identity/sodium.ts";
import { refusalOf } from "../crypto/example-message.ts";
import { sourceFiles } from "./source-files.ts";

const message = new TextEncoder().encode("message");

describe("attack 20: signing with a public key that is given separately, which gives the secret key away", () => {
  before(sodiumReady);

  it("fails: a secret key that holds another key's public half signs nothing", async () => {
    const [one, two] = [generateSigningKeyPair(), generateSigningKeyPair()];
    const mixed = new Uint8Array([...one.secretKey.slice(0, 32), ...two.publicKey]);
    expect(refusalOf(() => sign(mixed, message))).to.match(/^invalid-argument/);
    expect(refusalOf(() => publicKeyOf(mixed))).to.match(/^invalid-argument/);
    const refused = await ed25519.sign(mixed, message).then(
      () => false,
      () => true,
    );
    expect(refused).to.equal(true);
  });

  it("fails: a key that was checked once is checked again when its bytes have changed", () => {
    const [one, two] = [generateSigningKeyPair(), generateSigningKeyPair()];
    expect(sign(one.secretKey, message)).to.have.length(64);
    one.secretKey.set(two.publicKey, 32);
    expect(refusalOf(() => sign(one.secretKey, message))).to.match(/^invalid-argument/);
  });

  it("fails: no function of ours takes a secret key and a public key to sign with", () => {
    expect(sign.length).to.equal(2);
    const signers: string[] = [];
    for (const { path, code } of sourceFiles()) {
      if (/crypto_sign_(detached|init|update|final_create)\b|crypto_sign\b/.test(code)) signers.push(path);
      for (const [, name, parameters] of code.matchAll(/\bfunction\s+(\w*[sS]ign\w*)\s*(?:<[^>]*>)?\(([^)]*)\)/g)) {
        const both = /secretKey/i.test(parameters!) && /\bpublicKey/i.test(parameters!);
        expect(both, `${path}: ${name} takes both`).to.equal(false);
      }
    }
    expect(signers).to.deep.equal(["src/crypto/signing-key.ts"]);
  });
});
