import { hkdfSync } from "node:crypto";
import { expect } from "chai";
import fc from "fast-check";
import { hkdfExpand, hkdfExtract } from "../../../src/crypto/primitives/kdf.ts";
import { sodiumReady } from "../../../src/identity/sodium.ts";

describe("HKDF", () => {
  before(sodiumReady);

  for (const [name, digest] of [
    ["SHA-256", "sha256"],
    ["SHA-512", "sha512"],
  ] as const) {
    it(`gives with ${name} what another implementation gives, whatever the lengths`, () => {
      const bytes = fc.uint8Array({ maxLength: 200 });
      fc.assert(
        fc.property(bytes, bytes, bytes, fc.integer({ min: 1, max: 600 }), (salt, inputKey, info, length) => {
          const ours = hkdfExpand(name, hkdfExtract(name, salt, inputKey), info, length);
          const theirs = new Uint8Array(hkdfSync(digest, inputKey, salt, info, length));
          expect(Buffer.from(ours).equals(theirs)).to.equal(true);
        }),
      );
    });
  }

  it("refuses more than 255 blocks", () => {
    const key = new Uint8Array(32);
    expect(hkdfExpand("SHA-256", key, key, 255 * 32)).to.have.length(255 * 32);
    expect(() => hkdfExpand("SHA-256", key, key, 255 * 32 + 1)).to.throw(RangeError);
  });
});
