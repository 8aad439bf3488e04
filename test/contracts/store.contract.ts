import { expect } from "chai";
import type { Store } from "../../src/actors/ports/store.ts";
import { ackBy, foundDirect, messageBy } from "../support/store/store-kit.ts";

/** Two instances on the same database, and how to be rid of them. */
export interface StorePair {
  one: Store;
  other: Store;
  end(): Promise<void>;
}

/** What every Store promises. `open` gives two migrated instances on one empty database. */
export function storeContract(open: () => Promise<StorePair>): void {
  let pair: StorePair;
  let one: Store;
  let other: Store;
  before(async () => {
    pair = await open();
    ({ one, other } = pair);
  });
  after(() => pair.end());

  describe("accepting messages", () => {
    it("gives consecutive sequences, whichever instance accepts", async () => {
      const { conversation, alice, bob } = await foundDirect(one);
      const outcomes = await Promise.all([
        one.acceptMessages(conversation, [messageBy(conversation, alice, 1), messageBy(conversation, alice, 2)]),
        other.acceptMessages(conversation, [messageBy(conversation, bob, 1), messageBy(conversation, bob, 2)]),
      ]);
      const sequences = outcomes.flat().map((outcome) => (outcome.status === "accepted" ? outcome.sequence : NaN));
      expect(sequences.sort()).to.deep.equal([2, 3, 4, 5]);
      const log = await other.readLog({ conversation, device: bob.device, after: 0, limit: 10, maxBytes: 1e6 });
      expect(log).to.have.property("head", 5);
      const [ack] = await other.advancePositions([ackBy(conversation, bob, 5)]);
      expect(ack).to.have.property("status", "advanced");
    });
  });
}
