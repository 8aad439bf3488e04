import { expect } from "chai";
import { decodeTaggedFields, encodeTaggedFields, fieldOfLength } from "../../src/crypto/tagged-fields.ts";
import { MalformedBytes } from "../../src/protocol/byte-reader.ts";

const [a, b] = [Uint8Array.of(1), Uint8Array.of(2, 3)];
const allowed = { required: [1], optional: [2] };

describe("tagged fields", () => {
  it("come back as they went in", () => {
    const fields = decodeTaggedFields(
      encodeTaggedFields(1, [
        [1, a],
        [2, b],
      ]),
      1,
      allowed,
    );
    expect([...fields]).to.deep.equal([
      [1, a],
      [2, b],
    ]);
    expect(decodeTaggedFields(encodeTaggedFields(1, [[1, a]]), 1, allowed).size).to.equal(1);
    expect(fieldOfLength(fields, 2, 2)).to.deep.equal(b);
    expect(() => fieldOfLength(fields, 2, 3)).to.throw(MalformedBytes);
    expect(() => fieldOfLength(fields, 9, 0)).to.throw(MalformedBytes);
  });

  const refused: [string, Uint8Array][] = [
    ["another version", encodeTaggedFields(2, [[1, a]])],
    ["a missing field", encodeTaggedFields(1, [[2, b]])],
    ["an unknown field", encodeTaggedFields(1, [[1, a], [3, b]])], // prettier-ignore
    ["a field twice", encodeTaggedFields(1, [[1, a], [1, a]])], // prettier-ignore
    ["fields out of order", encodeTaggedFields(1, [[2, a], [1, b]])], // prettier-ignore
    ["bytes left over", new Uint8Array([...encodeTaggedFields(1, [[1, a]]), 2])],
    ["bytes missing", encodeTaggedFields(1, [[1, b]]).slice(0, -1)],
    ["nothing at all", new Uint8Array()],
  ];
  for (const [name, bytes] of refused) {
    it(`refuse ${name}`, () => {
      expect(() => decodeTaggedFields(bytes, 1, allowed)).to.throw(MalformedBytes);
    });
  }
});
