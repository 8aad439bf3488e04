import { createDecipheriv, createHmac } from "node:crypto";
import { expect } from "chai";
import { getCiphersuiteFromName, type CiphersuiteImpl } from "ts-mls/crypto/ciphersuite.js";
import { xWing } from "../../src/crypto/primitives/kem.ts";
import { sottoCryptoProvider, suiteImplementation } from "../../src/crypto/provider.ts";
import { SottoError } from "../../src/protocol/errors.ts";
import { suites } from "../../src/protocol/limits.ts";

const text = (value: string) => new TextEncoder().encode(value);

async function rejection(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => undefined,
    (error: unknown) => error,
  );
}

describe("the engine's crypto provider", () => {
  it("has suites 84 and 3 and refuses every other", async () => {
    expect((await suiteImplementation(84)).name).to.match(/XWING_CHACHA20POLY1305_SHA512_Ed25519$/);
    expect((await suiteImplementation(3)).name).to.match(/DHKEMX25519_CHACHA20POLY1305_SHA256_Ed25519$/);
    const aes = getCiphersuiteFromName("MLS_128_DHKEMX25519_AES128GCM_SHA256_Ed25519");
    expect(await rejection(sottoCryptoProvider.getCiphersuiteImpl(aes))).to.be.instanceOf(SottoError);
    expect(await rejection(suiteImplementation(1))).to.be.instanceOf(SottoError);
    expect(await rejection(suiteImplementation(83))).to.be.instanceOf(SottoError);
  });

  for (const id of Object.values(suites)) {
    describe(`suite ${id}`, () => {
      let suite: CiphersuiteImpl;
      before(async () => {
        suite = await suiteImplementation(id);
      });

      it("opens what it seals, under the same info and associated data only", async () => {
        const { publicKey, privateKey } = await suite.hpke.generateKeyPair();
        const { ct, enc } = await suite.hpke.seal(publicKey, text("hello"), text("info"), text("data"));
        expect(await suite.hpke.open(privateKey, enc, ct, text("info"), text("data"))).to.deep.equal(text("hello"));
        const other = (await suite.hpke.generateKeyPair()).privateKey;
        const refusals = [
          suite.hpke.open(privateKey, enc, ct, text("INFO"), text("data")),
          suite.hpke.open(privateKey, enc, ct, text("info"), text("DATA")),
          suite.hpke.open(other, enc, ct, text("info"), text("data")),
          suite.hpke.open(privateKey, enc, ct.slice(1), text("info"), text("data")),
          suite.hpke.open(privateKey, enc.slice(1), ct, text("info"), text("data")),
        ];
        for (const refusal of refusals) expect(await rejection(refusal)).to.include({ code: "undecryptable" });
      });

      it("agrees on exported secrets", async () => {
        const { publicKey, privateKey } = await suite.hpke.generateKeyPair();
        const { enc, secret } = await suite.hpke.exportSecret(publicKey, text("for"), 48, text("info"));
        expect(secret).to.have.length(48);
        expect(await suite.hpke.importSecret(privateKey, text("for"), enc, 48, text("info"))).to.deep.equal(secret);
      });

      it("derives the same key pair from the same input, and reads back what it exports", async () => {
        const [one, two] = [await suite.hpke.deriveKeyPair(text("seed")), await suite.hpke.deriveKeyPair(text("seed"))];
        const bytes = await suite.hpke.exportPublicKey(one.publicKey);
        expect(bytes).to.deep.equal(await suite.hpke.exportPublicKey(two.publicKey));
        const secretKey = await suite.hpke.importPrivateKey(await suite.hpke.exportPrivateKey(one.privateKey));
        const { ct, enc } = await suite.hpke.seal(await suite.hpke.importPublicKey(bytes), text("x"), text(""));
        expect(await suite.hpke.open(secretKey, enc, ct, text(""))).to.deep.equal(text("x"));
        expect(await rejection(suite.hpke.importPublicKey(bytes.slice(1)))).to.include({ code: "invalid-argument" });
        expect(await rejection(suite.hpke.importPrivateKey(bytes.slice(1)))).to.include({ code: "invalid-argument" });
      });

      it("signs and verifies, and says no to a wrong length without throwing", async () => {
        const { signKey, publicKey } = await suite.signature.keygen();
        const signature = await suite.signature.sign(signKey, text("m"));
        expect(await suite.signature.verify(publicKey, text("m"), signature)).to.equal(true);
        expect(await suite.signature.verify(publicKey, text("n"), signature)).to.equal(false);
        expect(await suite.signature.verify(publicKey, text("m"), signature.slice(1))).to.equal(false);
        expect(await suite.signature.verify(publicKey.slice(1), text("m"), signature)).to.equal(false);
      });

      it("compares MACs of equal length only", async () => {
        const mac = await suite.hash.mac(text("key"), text("data"));
        expect(await suite.hash.verifyMac(text("key"), mac, text("data"))).to.equal(true);
        expect(await suite.hash.verifyMac(text("key"), mac.slice(1), text("data"))).to.equal(false);
        expect(await suite.hash.verifyMac(text("other"), mac, text("data"))).to.equal(false);
      });
    });
  }

  // No published vector covers HPKE with X-Wing and HKDF-SHA-512, so RFC 9180 §5.1 is worked through here a second time.
  it("seals with X-Wing as RFC 9180 says, worked out by another implementation", async () => {
    const suite = await suiteImplementation(suites.default);
    const { publicKey, privateKey } = await suite.hpke.generateKeyPair();
    const { ct, enc } = await suite.hpke.seal(publicKey, text("hello"), text("info"), text("data"));

    const hmac = (key: Uint8Array, ...parts: Uint8Array[]) => {
      const state = createHmac("sha512", key);
      for (const part of parts) state.update(part);
      return state.digest();
    };
    const suiteId = Buffer.concat([text("HPKE"), Buffer.from("647a00030003", "hex")]);
    const extract = (salt: Uint8Array, label: string, ikm: Uint8Array) =>
      hmac(salt, text("HPKE-v1"), suiteId, text(label), ikm);
    const expand = (prk: Uint8Array, label: string, info: Uint8Array, length: number) =>
      hmac(prk, Uint8Array.of(0, length), text("HPKE-v1"), suiteId, text(label), info, Uint8Array.of(1)).subarray(
        0,
        length,
      );
    const none = new Uint8Array();
    const shared = xWing.decapsulate(await suite.hpke.exportPrivateKey(privateKey), enc);
    const context = Buffer.concat([
      Uint8Array.of(0),
      extract(none, "psk_id_hash", none),
      extract(none, "info_hash", text("info")),
    ]);
    const secret = extract(shared, "secret", none);
    const [key, nonce] = [expand(secret, "key", context, 32), expand(secret, "base_nonce", context, 12)];
    const decipher = createDecipheriv("chacha20-poly1305", key, nonce, { authTagLength: 16 });
    decipher.setAAD(text("data"), { plaintextLength: 5 });
    decipher.setAuthTag(ct.subarray(-16));
    const opened = Buffer.concat([decipher.update(ct.subarray(0, -16)), decipher.final()]);
    expect(opened.toString()).to.equal("hello");
  });
});
