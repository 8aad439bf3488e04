import { expect } from "chai";
import { generateSigningKeyPair, publicKeyOf, sign, signingKeyPairFromSeed } from "../../src/crypto/signing-key.ts";
import { isSignatureValid } from "../../src/identity/signature.ts";
import { sodiumReady } from "../../src/identity/sodium.ts";

const message = new TextEncoder().encode("message");

describe("a signing key", () => {
  before(sodiumReady);

  it("signs what its public key verifies, from 64 bytes and from the seed alike", () => {
    const { publicKey, secretKey } = generateSigningKeyPair();
    expect(publicKey).to.have.length(32);
    expect(secretKey).to.have.length(64);
    expect(publicKeyOf(secretKey)).to.deep.equal(publicKey);
    const signature = sign(secretKey, message);
    expect(isSignatureValid(signature, message, publicKey)).to.equal(true);
    expect(sign(secretKey.slice(0, 32), message)).to.deep.equal(signature);
    expect(signingKeyPairFromSeed(secretKey.slice(0, 32))).to.deep.equal({ publicKey, secretKey });
  });

  it("is another one each time", () => {
    expect(generateSigningKeyPair().secretKey).to.not.deep.equal(generateSigningKeyPair().secretKey);
  });

  it("refuses bytes that are no key", () => {
    for (const length of [0, 31, 33, 63, 65]) expect(() => sign(new Uint8Array(length), message)).to.throw("bytes");
  });
});
