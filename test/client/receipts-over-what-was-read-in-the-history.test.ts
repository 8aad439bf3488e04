import { expect } from "chai";
import type { ReceiptBook } from "../../src/client/conversation/receipt-book.ts";
import type { Receipt } from "../../src/protocol/receipts.ts";
import { eventually } from "../support/eventually.ts";
import { actorOf } from "../support/group-sides.ts";
import { dataOf, MaliciousNode } from "../support/malicious-node.ts";
import { People } from "../support/people.ts";
import { twoTalking } from "../support/two-talking.ts";

describe("receipts over what a later device has read in the history", () => {
  let node: MaliciousNode;
  let people: People;
  beforeEach(async () => {
    node = await MaliciousNode.start();
    people = new People(() => node.url);
  });
  afterEach(async () => {
    await people.close();
    await node.close();
  });

  it("prove nothing to it, for it has not computed the hash of the log there, and are no fork of it either", async () => {
    const { alice, bob } = await twoTalking(people);
    await alice.chat.send("second").reached("delivered", { timeout: 60_000 });
    const [line] = node.linesOf(alice.client.user);
    const asked = { conversation: alice.chat.id, after: 0 };
    const { receipts } = dataOf(await line!.ask("receipts:read", asked));
    const ofBob = receipts.filter((one): one is Extract<Receipt, { kind: "delivered" }> => one.kind === "delivered");
    expect(ofBob.map(({ user }) => user)).to.include(bob.client.user);
    const later = await people.linked(alice.client);
    const seen = await eventually(async () => {
      await later.sync();
      const [chat] = later.conversations();
      expect(chat?.isJoined).to.equal(true);
      return chat!;
    });
    const { messages } = await seen.history();
    expect(messages.map(({ sequence }) => sequence)).to.include(ofBob.at(-1)!.ack.sequence);
    const book = Reflect.get(actorOf(seen), "book") as ReceiptBook;
    for (const receipt of ofBob) await book.take(receipt);
    expect(people.faults).to.deep.equal([]);
  });
});
