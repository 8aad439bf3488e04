import { expect } from "chai";
import { encodeMessagePayload, decodeMessagePayload } from "../../src/crypto/message-payload.ts";
import { openBody, sealBody } from "../../src/crypto/message-body.ts";
import { pad } from "../../src/crypto/padding.ts";
import { openMessage, sealMessage } from "../../src/crypto/sealed-message.ts";
import { generateSigningKeyPair } from "../../src/crypto/signing-key.ts";
import { suiteImplementation } from "../../src/crypto/provider.ts";
import { xchacha20Poly1305 } from "../../src/crypto/primitives/aead.ts";
import { blake2b512 } from "../../src/crypto/primitives/hash.ts";
import { sodiumReady } from "../../src/identity/sodium.ts";
import { SottoError } from "../../src/protocol/errors.ts";
import { idToBytes, newId, type MessageId } from "../../src/protocol/ids.ts";
import { suites } from "../../src/protocol/limits.ts";
import { signedBytes } from "../../src/protocol/signed-bytes.ts";
import { exampleMessage, flipBit } from "../crypto/example-message.ts";

/** All that a caller, or a log, can see of a failure. */
function visible(error: unknown): string {
  if (!(error instanceof SottoError)) return `not a SottoError: ${String(error)}`;
  const { name, message, code, retryable, retryAfterMs, cause } = error;
  return JSON.stringify({ name, message, code, retryable, retryAfterMs, cause, wire: error.toWire() });
}

async function seen(run: () => unknown): Promise<string> {
  try {
    await run();
  } catch (error) {
    return visible(error);
  }
  return "opened";
}

const theOne = visible(new SottoError("undecryptable"));

describe("attack 12: telling from a failure what was wrong with a ciphertext", () => {
  before(sodiumReady);

  it("fails for a body: key, place, tag, nonce, ciphertext, length, padding and signature all look alike", async () => {
    const { place, keys, inner } = exampleMessage();
    const { publicKey: deviceKey, secretKey } = keys;
    const { body, bodyKey } = sealBody(place, inner, secretKey);
    const forgedBy = sealBody(place, inner, generateSigningKeyPair().secretKey);

    // Someone who holds the body key seals garbage that only fails after decryption: at the padding, and at the fields.
    const where = [place.conversation, place.id, place.sender].map(idToBytes);
    const key = blake2b512(signedBytes("body-keys", ...where), bodyKey).subarray(0, 32);
    const resealed = (plaintext: Uint8Array) => {
      const [head, nonce] = [body.slice(0, 57), body.slice(33, 57)];
      const ciphertext = xchacha20Poly1305.seal(key, nonce, signedBytes("body", ...where), plaintext);
      return new Uint8Array([...head, ...ciphertext]);
    };
    const open = (changed: Uint8Array, tried = bodyKey, at = place) =>
      openBody(at, changed, { bodyKey: tried, deviceKey });
    expect(await seen(() => open(body))).to.equal("opened");

    const failures: [string, () => unknown][] = [
      ["body key", () => open(body, flipBit(bodyKey, 0))],
      ["body key's length", () => open(body, bodyKey.slice(1))],
      ["place", () => open(body, bodyKey, { ...place, id: newId<MessageId>() })],
      ["version", () => open(flipBit(body, 0))],
      ["commitment", () => open(flipBit(body, 5))],
      ["nonce", () => open(flipBit(body, 40))],
      ["ciphertext", () => open(flipBit(body, 80))],
      ["authentication tag", () => open(flipBit(body, body.length - 1))],
      ["length", () => open(body.slice(0, 60))],
      ["emptiness", () => open(new Uint8Array())],
      ["padding", () => open(resealed(new Uint8Array(256)))],
      ["fields", () => open(resealed(pad(new Uint8Array(20))))],
      ["signature", () => openBody(place, forgedBy.body, { bodyKey: forgedBy.bodyKey, deviceKey })],
    ];
    for (const [what, run] of failures) expect(await seen(run), what).to.equal(theOne);
  });

  it("fails for a sealed message and its payload", async () => {
    const { place, keys, inner, deviceList } = exampleMessage();
    const sealed = sealMessage(place, { ...inner, deviceList }, keys.secretKey);
    const at = { ...place, number: inner.number };
    const open = (plaintext: Uint8Array, body: Uint8Array, claim = at) => openMessage(claim, { plaintext, body });
    expect(await seen(() => open(sealed.plaintext, sealed.body))).to.equal("opened");
    const failures: [string, () => unknown][] = [
      ["plaintext", () => open(sealed.plaintext.slice(1), sealed.body)],
      ["no plaintext", () => open(new Uint8Array(), sealed.body)],
      ["body", () => open(sealed.plaintext, flipBit(sealed.body, 70))],
      ["number", () => open(sealed.plaintext, sealed.body, { ...at, number: 8 })],
      [
        "payload",
        () => decodeMessagePayload(encodeMessagePayload({ ciphertext: sealed.plaintext, body: sealed.body }).slice(2)),
      ],
    ];
    for (const [what, run] of failures) expect(await seen(run), what).to.equal(theOne);
  });

  for (const id of Object.values(suites)) {
    it(`fails for what the engine opens, suite ${id}`, async () => {
      const { hpke } = await suiteImplementation(id);
      const none = new Uint8Array();
      const [pair, other] = [await hpke.generateKeyPair(), await hpke.generateKeyPair()];
      const { enc, ct } = await hpke.seal(pair.publicKey, new Uint8Array(40), none);
      const [key, nonce] = [new Uint8Array(32), new Uint8Array(12)];
      const sealed = await hpke.encryptAead(key, nonce, none, new Uint8Array(40));
      const lowOrder = enc.slice().fill(0, enc.length - 32);
      const failures: [string, () => unknown][] = [
        ["ciphertext", () => hpke.open(pair.privateKey, enc, flipBit(ct, 0), none)],
        ["info", () => hpke.open(pair.privateKey, enc, ct, key)],
        ["key", () => hpke.open(other.privateKey, enc, ct, none)],
        ["encapsulated key", () => hpke.open(pair.privateKey, flipBit(enc, 0), ct, none)],
        ["encapsulated key's length", () => hpke.open(pair.privateKey, enc.slice(1), ct, none)],
        ["encapsulated point of low order", () => hpke.open(pair.privateKey, lowOrder, ct, none)],
        ["short ciphertext", () => hpke.open(pair.privateKey, enc, ct.slice(0, 3), none)],
        ["symmetric ciphertext", () => hpke.decryptAead(key, nonce, none, flipBit(sealed, 3))],
        ["symmetric associated data", () => hpke.decryptAead(key, nonce, key, sealed)],
        ["short symmetric ciphertext", () => hpke.decryptAead(key, nonce, none, sealed.slice(0, 15))],
      ];
      for (const [what, run] of failures) expect(await seen(run), what).to.equal(theOne);
    });
  }
});
