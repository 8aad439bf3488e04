import { expect } from "chai";
import * as fc from "fast-check";
import type { LogRow } from "../../../src/actors/ports/store-log.ts";
import { ackBy, commitBy, foundDirect, messageBy, type Party } from "../../support/store/store-kit.ts";
import type { StorePair } from "./store-pair.ts";

type Step =
  | { do: "send"; by: 0 | 1; on: 0 | 1; skip: number; epochsBack: number }
  | { do: "ack"; by: 0 | 1; on: 0 | 1; sequence: number }
  | { do: "commit"; by: 0 | 1; on: 0 | 1; behind: boolean }
  | { do: "read"; by: 0 | 1; on: 0 | 1; after: number; limit: number };

const side = fc.constantFrom(0 as const, 1 as const);
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constant("send" as const),
      by: side,
      on: side,
      skip: fc.nat(1),
      epochsBack: fc.nat(4),
    }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constant("ack" as const), by: side, on: side, sequence: fc.nat(30) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("commit" as const), by: side, on: side, behind: fc.boolean() }) },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant("read" as const),
      by: side,
      on: side,
      after: fc.nat(30),
      limit: fc.integer({ min: 1, max: 20 }),
    }),
  },
);

/** The conversation as a few lines of memory say it should be. */
interface Model {
  epoch: number;
  log: { id: string; payload: string }[];
  numbers: [number, number];
  positions: [number, number];
}

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");

export function describeModel(stores: () => StorePair): void {
  describe("any sequence of sends, acks, commits and reads", () => {
    it("ends as a simple model says, on two instances in turn", async function () {
      this.timeout(120_000);
      await fc.assert(
        fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 40 }), (steps) => runSteps(stores(), steps)),
        { numRuns: 40 },
      );
    });
  });
}

async function runSteps(pair: StorePair, steps: readonly Step[]): Promise<void> {
  const { conversation, alice, bob, founding } = await foundDirect(pair.one);
  const parties: [Party, Party] = [alice, bob];
  const instances = [pair.one, pair.other] as const;
  const model: Model = {
    epoch: 1,
    log: [{ id: founding.id, payload: hex(founding.commit) }],
    numbers: [0, 0],
    positions: [0, 0],
  };
  for (const each of steps) {
    const store = instances[each.on];
    const party = parties[each.by];
    if (each.do === "send") {
      const number = model.numbers[each.by] + 1 + each.skip;
      const epoch = Math.max(0, model.epoch - each.epochsBack);
      const message = messageBy(conversation, party, number, { epoch });
      const [outcome] = await store.acceptMessages(conversation, [message]);
      const current = epoch >= Math.max(1, model.epoch - 3);
      const expected = each.skip > 0 ? "out-of-order" : current ? "accepted" : "stale-epoch";
      expect(outcome!.status).to.equal(expected);
      if (outcome!.status !== "accepted") continue;
      model.log.push({ id: message.id, payload: hex(message.payload) });
      model.numbers[each.by] = number;
      expect(outcome).to.include({ sequence: model.log.length });
    } else if (each.do === "ack") {
      const [outcome] = await store.advancePositions([ackBy(conversation, party, each.sequence)]);
      const beyond = each.sequence > model.log.length;
      const moves = each.sequence > model.positions[each.by];
      expect(outcome!.status).to.equal(beyond ? "outside" : moves ? "advanced" : "unchanged");
      if (outcome!.status === "advanced") model.positions[each.by] = each.sequence;
    } else if (each.do === "commit") {
      const commit = commitBy(conversation, party, each.behind ? model.epoch - 1 : model.epoch);
      const outcome = await store.acceptCommit(commit);
      expect(outcome.status).to.equal(each.behind ? "stale-epoch" : "accepted");
      if (outcome.status !== "accepted") continue;
      model.epoch += 1;
      model.log.push({ id: commit.id, payload: hex(commit.commit) });
    } else {
      const { after, limit } = each;
      const log = await store.readLog({ conversation, device: party.device, after, limit, maxBytes: 1e7 });
      if (log === "not-a-member") throw new Error("A member may read.");
      expect(log).to.include({ head: model.log.length, floor: 0 });
      expect(log.entries.map(entryOf)).to.deep.equal(model.log.slice(after, after + limit));
      expect(log.entries.map(({ sequence }) => sequence)).to.deep.equal(
        log.entries.map((_, index) => after + index + 1),
      );
    }
  }
  for (const index of [0, 1] as const) {
    const view = await instances[index].viewConversation(parties[index].user, parties[index].device, conversation);
    expect(view).to.include({ epoch: model.epoch, head: model.log.length, rosterEpoch: 1 });
    expect(view).to.include({ position: model.positions[index], lastNumber: model.numbers[index] });
  }
}

const entryOf = ({ id, payload }: LogRow) => ({ id, payload: hex(payload) });
