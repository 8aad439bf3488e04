import { expect } from "chai";
import { newLink, openLink, sealLink } from "../../src/crypto/link-sealing.ts";
import { dhkemX25519, x25519, xWing } from "../../src/crypto/primitives/kem.ts";
import { suiteImplementation } from "../../src/crypto/provider.ts";
import { sodiumReady } from "../../src/identity/sodium.ts";
import { newId, type DeviceId, type UserId } from "../../src/protocol/ids.ts";
import { suites } from "../../src/protocol/limits.ts";
import { refusalOf } from "../crypto/example-message.ts";

/** The u-coordinates of order 1, 2, 4 and 8 on Curve25519 and its twist, and their forms above p (RFC 7748 §6.1, §7). */
const lowOrder = [
  "0000000000000000000000000000000000000000000000000000000000000000",
  "0100000000000000000000000000000000000000000000000000000000000000",
  "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
  "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
  "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
  "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
  "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
].flatMap((hex) => {
  const point = new Uint8Array(Buffer.from(hex, "hex"));
  const withTopBit = point.slice();
  withTopBit[31]! |= 0x80;
  return [point, withTopBit];
});

/** Bytes whose last 32, where X-Wing keeps its X25519 half, are another point. */
function withPoint(bytes: Uint8Array, point: Uint8Array): Uint8Array {
  const changed = bytes.slice();
  changed.set(point, bytes.length - 32);
  return changed;
}

describe("attack 14: points of low order, which make a shared secret everybody knows", () => {
  before(sodiumReady);

  it("fail in X25519", () => {
    const { secretKey, publicKey } = dhkemX25519.generateKeyPair();
    expect(x25519(secretKey, publicKey)).to.have.length(32);
    for (const point of lowOrder) expect(() => x25519(secretKey, point)).to.throw();
  });

  it("fail in DHKEM, as a public key and as an encapsulated one", () => {
    const { secretKey } = dhkemX25519.generateKeyPair();
    for (const point of lowOrder) {
      expect(refusalOf(() => dhkemX25519.encapsulate(point))).to.match(/^invalid-argument/);
      expect(refusalOf(() => dhkemX25519.decapsulate(secretKey, point))).to.match(/^undecryptable/);
    }
  });

  it("fail inside X-Wing, as half of a public key and of an encapsulated one", () => {
    const { secretKey, publicKey } = xWing.generateKeyPair();
    const { encapsulated, sharedSecret } = xWing.encapsulate(publicKey);
    expect(xWing.decapsulate(secretKey, encapsulated)).to.deep.equal(sharedSecret);
    for (const point of lowOrder) {
      expect(refusalOf(() => xWing.encapsulate(withPoint(publicKey, point)))).to.match(/^invalid-argument/);
      expect(refusalOf(() => xWing.decapsulate(secretKey, withPoint(encapsulated, point)))).to.match(/^undecryptable/);
    }
  });

  for (const id of Object.values(suites)) {
    it(`fail in the engine's HPKE, suite ${id}`, async () => {
      const { hpke } = await suiteImplementation(id);
      const none = new Uint8Array();
      const { publicKey, privateKey } = await hpke.generateKeyPair();
      const { enc, ct } = await hpke.seal(publicKey, none, none);
      const refusal = (promise: Promise<unknown>) =>
        promise.then(
          () => "accepted",
          (error: { code: string }) => error.code,
        );
      for (const point of lowOrder) {
        const bad = await hpke.importPublicKey(withPoint(await hpke.exportPublicKey(publicKey), point));
        expect(await refusal(hpke.seal(bad, none, none))).to.equal("invalid-argument");
        expect(await refusal(hpke.exportSecret(bad, none, 32, none))).to.equal("invalid-argument");
        expect(await refusal(hpke.open(privateKey, withPoint(enc, point), ct, none))).to.equal("undecryptable");
        expect(await refusal(hpke.importSecret(privateKey, none, withPoint(enc, point), 32, none))).to.equal(
          "undecryptable",
        );
      }
    });
  }

  it("fail in a link's sealed answer", () => {
    const link = newLink("alice" as UserId, newId<DeviceId>(), new Uint8Array(32));
    const { sealed } = sealLink(link.code, link, new Uint8Array(3));
    // Version (1), tag (1) and length (4) come before the encapsulated key of 1120 bytes.
    const at = 6 + 1120 - 32;
    expect(openLink(link, sealed).payload).to.have.length(3);
    for (const point of lowOrder) {
      const changed = sealed.slice();
      changed.set(point, at);
      expect(refusalOf(() => openLink(link, changed))).to.match(/^link-mismatch/);
    }
  });
});
