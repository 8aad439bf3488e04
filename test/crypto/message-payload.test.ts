import { expect } from "chai";
import { decodeMessagePayload, encodeMessagePayload } from "../../src/crypto/message-payload.ts";
import { encodeTaggedFields } from "../../src/crypto/tagged-fields.ts";
import { refusalOf } from "./example-message.ts";

const payload = { ciphertext: Uint8Array.of(1, 2), body: Uint8Array.of(3) };

describe("a message's payload", () => {
  it("carries the group's ciphertext and the body", () => {
    expect(decodeMessagePayload(encodeMessagePayload(payload))).to.deep.equal({ ...payload, wrap: undefined });
  });

  it("carries the wrapped body key where history is kept", () => {
    const kept = { ...payload, wrap: Uint8Array.of(9) };
    expect(decodeMessagePayload(encodeMessagePayload(kept))).to.deep.equal(kept);
  });

  it("is refused with a field that does not exist yet, or cut short", () => {
    const later = encodeTaggedFields(1, [
      [1, payload.ciphertext],
      [2, payload.body],
      [4, Uint8Array.of(9)],
    ]);
    for (const wrong of [later, encodeMessagePayload(payload).slice(0, -1), new Uint8Array()]) {
      expect(refusalOf(() => decodeMessagePayload(wrong))).to.match(/^undecryptable/);
    }
  });
});
