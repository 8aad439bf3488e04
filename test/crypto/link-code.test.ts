import { expect } from "chai";
import fc from "fast-check";
import { decodeLinkCode, encodeLinkCode, linkChannel } from "../../src/crypto/link-code.ts";
import { sodiumReady } from "../../src/identity/sodium.ts";
import { refusalOf } from "./example-message.ts";

const half = fc.uint8Array({ minLength: 16, maxLength: 16 });
const example = { secret: new Uint8Array(16).fill(0xa5), offerHash: new Uint8Array(16).fill(0x3c) };

describe("a link code", () => {
  before(sodiumReady);

  it("is fourteen groups of four, and reads back to what it says", () => {
    fc.assert(
      fc.property(half, half, (secret, offerHash) => {
        const code = encodeLinkCode({ secret, offerHash });
        expect(code).to.match(/^([0-9A-HJKMNP-TV-Z]{4}-){13}[0-9A-HJKMNP-TV-Z]{4}$/);
        const read = decodeLinkCode(code);
        expect([...read.secret]).to.deep.equal([...secret]);
        expect([...read.offerHash]).to.deep.equal([...offerHash]);
      }),
    );
  });

  it("is read as people type it", () => {
    const code = encodeLinkCode(example);
    const typed = ` ${code.toLowerCase().replaceAll("-", " ").replaceAll("0", "o").replaceAll("1", "l")} `;
    expect(decodeLinkCode(typed)).to.deep.equal(example);
  });

  it("is refused with any one character wrong, or two swapped", () => {
    const code = encodeLinkCode(example).replaceAll("-", "");
    for (let at = 0; at < code.length; at++) {
      const wrong = `${code.slice(0, at)}${code[at] === "X" ? "Y" : "X"}${code.slice(at + 1)}`;
      expect(refusalOf(() => decodeLinkCode(wrong))).to.match(/^invalid-argument/);
    }
    const swapped = `${code[1]}${code[0]}${code.slice(2)}`;
    for (const wrong of [swapped, code.slice(1), `${code}0`, "", code.replace(/./, "U")]) {
      expect(refusalOf(() => decodeLinkCode(wrong))).to.match(/^invalid-argument/);
    }
  });

  it("has a channel of its own", () => {
    expect(linkChannel(example)).to.have.length(16);
    expect(linkChannel(example)).to.not.deep.equal(linkChannel({ ...example, secret: new Uint8Array(16) }));
  });
});
