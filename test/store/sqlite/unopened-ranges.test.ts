import { expect } from "chai";
import * as fc from "fast-check";
import { countUnopened, mergeUnopened, type Ranges } from "../../../src/store/sqlite/operations/unopened-ranges.ts";

const setOf = (ranges: Ranges) =>
  new Set(ranges.flatMap(([from, to]) => Array.from({ length: to - from + 1 }, (_, index) => from + index)));

const rangesOf = (sequences: Iterable<number>): Ranges => {
  const ranges: Ranges = [];
  for (const sequence of [...sequences].sort((a, b) => a - b)) {
    const last = ranges.at(-1);
    if (last !== undefined && sequence === last[1] + 1) last[1] = sequence;
    else ranges.push([sequence, sequence]);
  }
  return ranges;
};

describe("what no device of a user has opened", () => {
  it("is, after any ack, what set arithmetic says", () => {
    const sequences = fc.uniqueArray(fc.integer({ min: 1, max: 40 }));
    fc.assert(
      fc.property(sequences, sequences, fc.nat(40), fc.nat(40), fc.nat(40), (first, second, delivered, joined, end) => {
        const before = new Set(first.filter((sequence) => sequence <= delivered));
        const own = new Set(second.filter((sequence) => sequence >= joined && sequence <= end));
        const expected = new Set<number>();
        for (const sequence of before) {
          if (sequence < joined || sequence > end || own.has(sequence)) expected.add(sequence);
        }
        for (const sequence of own) if (sequence > delivered) expected.add(sequence);
        const ack = { joined, sequence: end, unopened: rangesOf(own) };
        const merged = mergeUnopened(rangesOf(before), delivered, ack);
        expect([...setOf(merged)]).to.have.members([...expected]);
        expect(countUnopened(merged)).to.equal(expected.size);
      }),
    );
  });
});
