import { expect } from "chai";
import fc from "fast-check";
import { pad, paddedLength, unpad } from "../../src/crypto/padding.ts";
import { sodiumReady } from "../../src/identity/sodium.ts";
import { refusalOf } from "./example-message.ts";

describe("padding", () => {
  before(sodiumReady);

  it("gives 256 · 2^k bytes, and takes itself off again", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 3000 }), (bytes) => {
        const padded = pad(bytes);
        expect(Math.log2(padded.length / 256) % 1).to.equal(0);
        expect(padded.length).to.be.lessThanOrEqual(Math.max(256, 2 * (bytes.length + 1)));
        expect(Buffer.from(unpad(padded)).equals(bytes)).to.equal(true);
      }),
    );
  });

  it("makes all short texts the same size", () => {
    expect([0, 1, 100, 255].map(paddedLength)).to.deep.equal([256, 256, 256, 256]);
    expect([256, 511, 512].map(paddedLength)).to.deep.equal([512, 512, 1024]);
  });

  it("refuses padding that it would not have written", () => {
    const larger = new Uint8Array(512);
    larger[10] = 0x80;
    const wrongs = [new Uint8Array(0), new Uint8Array(256), pad(Uint8Array.of(1)).slice(0, 255), larger];
    wrongs.push(pad(new Uint8Array(3)).map((byte, index) => (index === 255 ? 1 : byte)));
    for (const wrong of wrongs) expect(refusalOf(() => unpad(wrong))).to.match(/^undecryptable/);
  });
});
