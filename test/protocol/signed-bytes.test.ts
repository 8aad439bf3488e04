import { expect } from "chai";
import { ByteReader, MalformedBytes } from "../../src/protocol/byte-reader.ts";
import { ByteWriter } from "../../src/protocol/byte-writer.ts";
import { signedBytes } from "../../src/protocol/signed-bytes.ts";

describe("bytes that are signed", () => {
  it("begin with their label and hold every part behind its length", () => {
    const expected = new ByteWriter()
      .text("sotto/1 ack")
      .text("a")
      .opaque(new Uint8Array([1]))
      .u32(8)
      .u64(5)
      .finish();
    expect(signedBytes("ack", "a", new Uint8Array([1]), 5)).to.deep.equal(expected);
    expect(signedBytes("ack", "a", new Uint8Array([1]), 5n)).to.deep.equal(expected);
  });

  it("differ when the same text is cut in other places, or stands under another label", () => {
    const spellings = [
      signedBytes("ack", "ab", "c"),
      signedBytes("ack", "a", "bc"),
      signedBytes("ack", "abc"),
      signedBytes("ack", "abc", ""),
      signedBytes("link", "abc"),
    ].map((bytes) => bytes.join());
    expect(new Set(spellings).size).to.equal(spellings.length);
  });

  it("hold a number in eight bytes, as they hold the same bigint", () => {
    for (const number of [0, 1, 255, 2 ** 31, 2 ** 32 - 1, 2 ** 32, 2 ** 40 + 7, Number.MAX_SAFE_INTEGER]) {
      expect(signedBytes("ack", number), `${number}`).to.deep.equal(signedBytes("ack", BigInt(number)));
    }
  });

  it("hold no number that a double cannot", () => {
    for (const number of [-1, 1.5, 2 ** 53, Number.NaN]) expect(() => signedBytes("ack", number)).to.throw(RangeError);
    expect(() => signedBytes("ack", 2n ** 64n)).to.throw(RangeError);
  });
});

describe("a byte reader", () => {
  it("reads what the writer wrote, over any growth of its buffer", () => {
    const long = new Uint8Array(5000).fill(3);
    const bytes = new ByteWriter().u8(1).u16(2).u32(3).u64(4n).opaque(long).text("é").fixed(long).finish();
    const reader = new ByteReader(bytes);
    expect([reader.u8(), reader.u16(), reader.u32(), reader.u64()]).to.deep.equal([1, 2, 3, 4]);
    expect(reader.opaque()).to.deep.equal(long);
    expect(reader.text()).to.equal("é");
    expect(reader.fixed(5000)).to.deep.equal(long);
    reader.finish();
  });

  it("throws for missing and trailing bytes, long fields, wide numbers and bad text", () => {
    const text = new ByteWriter().opaque(new Uint8Array([0xff])).finish();
    const wide = new ByteWriter().u64(2n ** 53n).finish();
    const faults = [
      () => new ByteReader(new Uint8Array(3)).u32(),
      () => new ByteReader(new Uint8Array(1)).finish(),
      () => new ByteReader(new Uint8Array([0, 0, 0, 9, 1])).opaque(),
      () => new ByteReader(new Uint8Array([0, 0, 0, 2, 1, 1])).opaque(1),
      () => new ByteReader(wide).u64(),
      () => new ByteReader(text).text(),
    ];
    for (const fault of faults) expect(fault).to.throw(MalformedBytes);
  });

  it("refuses to write what does not fit", () => {
    expect(() => new ByteWriter().u8(256)).to.throw(RangeError);
    expect(() => new ByteWriter().u16(-1)).to.throw(RangeError);
    expect(() => new ByteWriter().u32(2 ** 32)).to.throw(RangeError);
  });
});
