import { expect } from "chai";
import { signAck } from "../../src/crypto/device-key.ts";
import { ed25519 } from "../../src/crypto/primitives/signature.ts";
import { generateSigningKeyPair, sign } from "../../src/crypto/signing-key.ts";
import { verifyAck } from "../../src/identity/ack.ts";
import { isSignatureValid } from "../../src/identity/signature.ts";
import { sodiumReady } from "../../src/identity/sodium.ts";
import { newId, type ConversationId } from "../../src/protocol/ids.ts";

/** The order of Ed25519's base point (RFC 8032 §5.1). */
const order = (1n << 252n) + 27742317777372353535851937790883648493n;

/** The signature with S + L in place of S: the same point, in other bytes. */
function malleate(signature: Uint8Array, times = 1n): Uint8Array {
  let scalar = 0n;
  for (let index = 63; index >= 32; index--) scalar = (scalar << 8n) | BigInt(signature[index]!);
  scalar += order * times;
  const changed = signature.slice();
  for (let index = 32; index < 64; index++, scalar >>= 8n) changed[index] = Number(scalar & 0xffn);
  expect(scalar).to.equal(0n);
  return changed;
}

describe("attack 18: a signature turned into another one for the same message (S + L)", () => {
  before(sodiumReady);

  it("fails for any number of Ls", async () => {
    const { publicKey, secretKey } = generateSigningKeyPair();
    const message = new TextEncoder().encode("message");
    const signature = sign(secretKey, message);
    expect(isSignatureValid(signature, message, publicKey)).to.equal(true);
    expect(isSignatureValid(malleate(malleate(signature), -1n), message, publicKey)).to.equal(true);
    for (const times of [1n, 2n, 7n, 14n]) {
      const changed = malleate(signature, times);
      expect(isSignatureValid(changed, message, publicKey)).to.equal(false);
      expect(await ed25519.verify(publicKey, message, changed)).to.equal(false);
    }
  });

  it("fails for a signed receipt", () => {
    const { publicKey, secretKey } = generateSigningKeyPair();
    const ack = { conversation: newId<ConversationId>(), sequence: 1, logHash: new Uint8Array(32), unopened: [] };
    const signature = signAck(secretKey, ack);
    expect(verifyAck(ack, signature, publicKey)).to.equal(true);
    expect(verifyAck(ack, malleate(signature), publicKey)).to.equal(false);
  });

  it("fails with a public key of small order, under which one signature fits many messages", () => {
    const signature = new Uint8Array(64);
    signature[0] = 1;
    for (const hex of [
      "0100000000000000000000000000000000000000000000000000000000000000",
      "0000000000000000000000000000000000000000000000000000000000000000",
      "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
      "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
      "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
    ]) {
      const publicKey = new Uint8Array(Buffer.from(hex, "hex"));
      for (let attempt = 0; attempt < 16; attempt++) {
        expect(isSignatureValid(signature, Uint8Array.of(attempt), publicKey)).to.equal(false);
      }
    }
  });
});
