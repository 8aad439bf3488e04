import { expect } from "chai";
import * as fc from "fast-check";
import type { SequenceRanges } from "../../src/store/sequence-ranges.ts";
import { afterAck, awaitedBy, type UserDelivery } from "../../src/store/user-delivery.ts";

const newest = 40;
const sequences = fc.uniqueArray(fc.integer({ min: 1, max: newest }));
const acks = fc.array(fc.record({ joined: fc.integer({ min: 1, max: newest }), length: fc.nat(20), said: sequences }));

const listOf = (ranges: SequenceRanges): number[] =>
  ranges.flatMap(([from, to]) => Array.from({ length: Math.min(to, newest) - from + 1 }, (_, index) => from + index));

const rangesOf = (listed: readonly number[]): SequenceRanges => {
  const ranges: SequenceRanges = [];
  for (const sequence of [...listed].sort((a, b) => a - b)) {
    const last = ranges.at(-1);
    if (last !== undefined && sequence === last[1] + 1) last[1] = sequence;
    else ranges.push([sequence, sequence]);
  }
  return ranges;
};

const between = (first: number, last: number, wanted: (sequence: number) => boolean): number[] =>
  Array.from({ length: Math.max(0, last - first + 1) }, (_, index) => first + index).filter(wanted);

describe("what a user's devices have, together", () => {
  it("is, after any acks, what a list of the sequences one by one says", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: newest }), fc.nat(newest), acks, (first, expired, said) => {
        const known = new Map<number, "opened" | "unopened">();
        let user: UserDelivery = { joined: first, delivered: 0, missing: [], unopened: [] };
        for (const each of said) {
          const joined = Math.max(each.joined, first);
          const sequence = Math.min(joined + each.length, newest);
          user = afterAck(user, { joined, sequence, unopened: rangesOf(each.said) });
          for (const covered of between(joined, sequence, () => true)) {
            if (!each.said.includes(covered)) known.set(covered, "opened");
            else if (!known.has(covered)) known.set(covered, "unopened");
          }
        }
        const delivered = Math.max(0, ...known.keys());
        expect(user.delivered).to.equal(delivered);
        expect(listOf(user.missing)).to.deep.equal(between(first, delivered, (each) => !known.has(each)));
        expect(listOf(user.unopened)).to.deep.equal(
          between(first, delivered, (each) => known.get(each) === "unopened"),
        );
        const awaited = between(Math.max(first, expired) + 1, newest, (each) => !known.has(each));
        expect(listOf(awaitedBy({ ...user, expired }))).to.deep.equal(awaited);
      }),
    );
  });
});
