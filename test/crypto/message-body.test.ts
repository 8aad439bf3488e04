import { expect } from "chai";
import { hashBody, isBodyHash, openBody, openNamedBody, sealBody } from "../../src/crypto/message-body.ts";
import { generateSigningKeyPair } from "../../src/crypto/signing-key.ts";
import { sodiumReady } from "../../src/identity/sodium.ts";
import { newId, type MessageId } from "../../src/protocol/ids.ts";
import { exampleMessage, flipBit, refusalOf } from "./example-message.ts";

describe("a message's body", () => {
  before(sodiumReady);

  it("opens with its key, in its place, and tells who signed it", () => {
    const { place, keys, inner } = exampleMessage();
    const { body, bodyKey, contentHash } = sealBody(place, inner, keys.secretKey);
    const opened = openBody(place, body, { bodyKey, deviceKey: keys.publicKey });
    expect(opened).to.deep.equal({ ...inner, contentHash });
    expect(contentHash).to.have.length(32);
  });

  it("has the same size for all short contents", () => {
    const { place, keys, inner } = exampleMessage();
    const sizes = [0, 1, 140].map((length) => {
      return sealBody(place, { ...inner, content: new Uint8Array(length) }, keys.secretKey).body.length;
    });
    expect(new Set(sizes)).to.deep.equal(new Set([1 + 32 + 24 + 256 + 16]));
  });

  it("has a fresh key and another ciphertext each time, but one content hash", () => {
    const { place, keys, inner } = exampleMessage();
    const [one, two] = [sealBody(place, inner, keys.secretKey), sealBody(place, inner, keys.secretKey)];
    expect(one.bodyKey).to.not.deep.equal(two.bodyKey);
    expect(one.body).to.not.deep.equal(two.body);
    expect(one.contentHash).to.deep.equal(two.contentHash);
  });

  it("opens in no other conversation, under no other id and for no other sender", () => {
    const { place, keys, inner } = exampleMessage();
    const { body, bodyKey } = sealBody(place, inner, keys.secretKey);
    for (const moved of ["conversation", "id", "sender"] as const) {
      const elsewhere = { ...place, [moved]: newId<MessageId>() };
      expect(refusalOf(() => openBody(elsewhere, body, { bodyKey, deviceKey: keys.publicKey }))).to.match(
        /^undecryptable/,
      );
    }
  });

  it("is refused when it was signed by another device", () => {
    const { place, keys, inner } = exampleMessage();
    const { body, bodyKey } = sealBody(place, inner, generateSigningKeyPair().secretKey);
    expect(refusalOf(() => openBody(place, body, { bodyKey, deviceKey: keys.publicKey }))).to.match(/^undecryptable/);
  });

  it("is as good as signed where its sender has signed its hash and its key otherwise", () => {
    const { place, inner } = exampleMessage();
    const { body, bodyKey, contentHash } = sealBody(place, inner, generateSigningKeyPair().secretKey);
    const bodyHash = hashBody(body);
    expect(openNamedBody(place, body, { bodyKey, bodyHash })).to.deep.equal({ ...inner, contentHash });
    for (const changed of [flipBit(bodyHash, 0), hashBody(flipBit(body, body.length - 1))]) {
      expect(refusalOf(() => openNamedBody(place, body, { bodyKey, bodyHash: changed }))).to.match(/^undecryptable/);
    }
    const otherKey = flipBit(bodyKey, 0);
    expect(refusalOf(() => openNamedBody(place, body, { bodyKey: otherKey, bodyHash }))).to.match(/^undecryptable/);
  });

  it("has a hash that any change changes", () => {
    const { place, keys, inner } = exampleMessage();
    const { body } = sealBody(place, inner, keys.secretKey);
    expect(isBodyHash(body, hashBody(body))).to.equal(true);
    expect(isBodyHash(flipBit(body, 60), hashBody(body))).to.equal(false);
  });

  it("is refused whichever of its bytes is changed", () => {
    const { place, keys, inner } = exampleMessage();
    const { body, bodyKey } = sealBody(place, inner, keys.secretKey);
    for (let at = 0; at < body.length; at++) {
      const run = () => openBody(place, flipBit(body, at), { bodyKey, deviceKey: keys.publicKey });
      expect(refusalOf(run)).to.match(/^undecryptable/);
    }
  });
});
