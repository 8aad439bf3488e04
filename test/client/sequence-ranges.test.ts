import { expect } from "chai";
import fc from "fast-check";
import {
  addRange,
  gapsIn,
  includesSequence,
  rangesUpTo,
  type SequenceRanges,
} from "../../src/client/conversation/sequence-ranges.ts";

const added = fc.array(
  fc.tuple(fc.integer({ min: 1, max: 200 }), fc.nat(5)).map(([from, more]) => [from, from + more] as const),
  { maxLength: 60 },
);
const build = (all: readonly (readonly [number, number])[], maxRanges: number): SequenceRanges => {
  let ranges: SequenceRanges = [];
  for (const [from, to] of all) ranges = addRange(ranges, from, to, maxRanges);
  return ranges;
};

describe("ranges of sequences", () => {
  it("join what touches and keep what is apart", () => {
    expect(build([[5, 5], [7, 7], [6, 6], [1, 2]], 64)).to.deep.equal([[1, 2], [5, 7]]); // prettier-ignore
  });

  it("leave what they are given as it was", () => {
    const before: SequenceRanges = [[1, 2]];
    addRange(before, 3, 4, 64);
    expect(before).to.deep.equal([[1, 2]]);
  });

  it("say exactly what was added, as long as there is room", () => {
    fc.assert(
      fc.property(added, (all) => {
        const ranges = build(all, 1000);
        for (let sequence = 1; sequence < 210; sequence++) {
          const isIn = all.some(([from, to]) => from <= sequence && sequence <= to);
          expect(includesSequence(ranges, sequence)).to.equal(isIn);
        }
      }),
    );
  });

  it("are ascending, apart and never more than allowed; past that they claim more, never less", () => {
    fc.assert(
      fc.property(added, fc.integer({ min: 1, max: 6 }), (all, maxRanges) => {
        const ranges = build(all, maxRanges);
        expect(ranges.length).to.be.at.most(maxRanges);
        ranges.forEach(([from, to], index) => {
          expect(from).to.be.at.most(to);
          if (index > 0) expect(from).to.be.greaterThan(ranges[index - 1]![1] + 1);
        });
        for (const [from, to] of all)
          expect(includesSequence(ranges, from) && includesSequence(ranges, to)).to.equal(true);
      }),
    );
  });

  it("leave gaps, which are all that they do not have of a stretch", () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(60), fc.nat(6))), fc.nat(60), fc.nat(60), (some, one, other) => {
        const ranges = some.reduce<[number, number][]>((all, [from, length]) => {
          return addRange(all, from, from + length, Infinity);
        }, []);
        const [from, to] = [Math.min(one, other), Math.max(one, other)];
        const inGaps = gapsIn(ranges, from, to).flatMap(([first, last]) =>
          Array.from({ length: last - first + 1 }, (_, index) => first + index),
        );
        const stretch = Array.from({ length: to - from + 1 }, (_, index) => from + index);
        expect(inGaps).to.deep.equal(stretch.filter((sequence) => !includesSequence(ranges, sequence)));
      }),
    );
  });

  it("end at a sequence where only what goes up to it is meant, and leave what they were given", () => {
    const ranges: SequenceRanges = [[1, 2], [5, 9], [12, 12]]; // prettier-ignore
    expect(rangesUpTo(ranges, 7)).to.deep.equal([[1, 2], [5, 7]]); // prettier-ignore
    expect(rangesUpTo(ranges, 4)).to.deep.equal([[1, 2]]);
    expect(rangesUpTo(ranges, 0)).to.deep.equal([]);
    expect(rangesUpTo(ranges, 12)).to.deep.equal(ranges);
    expect(ranges[1]).to.deep.equal([5, 9]);
  });

  it("grow together where the gap is smallest when there is no more room", () => {
    expect(build([[1, 1], [10, 10], [13, 13], [30, 30]], 3)).to.deep.equal([[1, 1], [10, 13], [30, 30]]); // prettier-ignore
  });
});
