import { expect } from "chai";
import { tables } from "../../src/client/records.ts";
import { eventually } from "../support/eventually.ts";
import { actorOf } from "../support/group-sides.ts";
import { coreOf } from "../support/held-state.ts";
import { MaliciousNode } from "../support/malicious-node.ts";
import { People } from "../support/people.ts";
import { twoTalking, type Side } from "../support/two-talking.ts";

const soon = { timeout: 60_000 };

describe("one's own messages that were accepted just before their device was added again", function () {
  this.timeout(120_000);
  let node: MaliciousNode;
  let people: People;
  let alice: Side;
  beforeEach(async () => {
    node = await MaliciousNode.start();
    people = new People(() => node.url);
    let bob: Side;
    ({ alice, bob } = await twoTalking(people));
    // From now on her log has a gap: what is accepted does not come down in it.
    const { user } = alice.client;
    const isHers = (one: string): boolean => one === user;
    node.rewrite("message:posted", (entry, to) => (isHers(to) ? [] : [entry]));
    node.rewrite("conversation:behind", (behind, to) => (isHers(to) ? [] : [behind]));
    node.answer("log:read", ({ user: asker, forward }) => (isHers(asker) ? undefined : forward()));
    await bob.chat.send("not read by her").reached("accepted", soon);
  });
  afterEach(async () => {
    node.behave();
    await people.close();
    await node.close();
  });

  /** What is stored of the outbox with the group that takes the device in. */
  async function addAgain(): Promise<void> {
    const { outbox, state } = actorOf(alice.chat);
    await state.queue.run(async () => {
      const { lastNumber, lastId } = state.record;
      const resumption = await outbox.resume({ lastNumber, lastId });
      await state.commit({ record: resumption.record }, resumption.changes);
      resumption.apply();
    });
  }

  it("are found by their words, stand as they were changed, and last no longer than they say", async () => {
    const kept = alice.chat.send("marmalade for ever");
    await alice.chat.edit(kept, "quince for ever");
    const passing = alice.chat.send({ text: "marmalade for a moment", expiresIn: 1 });
    const taken = alice.chat.send("marmalade taken back");
    await alice.chat.retract(taken);
    await passing.reached("accepted", soon);
    await taken.reached("accepted", soon);
    const { outbox } = actorOf(alice.chat);
    const items = Reflect.get(outbox, "items") as { unaccepted(): unknown[] };
    await eventually(() => expect(items.unaccepted()).to.deep.equal([]));
    expect(await alice.client.search("marmalade")).to.deep.equal([]);
    const gone: string[] = [];
    alice.chat.on("disappeared", ({ id }) => gone.push(id));
    await addAgain();
    const found = async (words: string) => (await alice.client.search(words)).map(({ message }) => message.id);
    expect(await found("marmalade")).to.deep.equal([passing.id]);
    expect(await found("quince")).to.deep.equal([kept.id]);
    await eventually(() => expect(gone).to.deep.equal([passing.id]));
    expect(await found("marmalade")).to.deep.equal([]);
    expect(await coreOf(alice.client).store.list(tables.disappearing)).to.deep.equal([]);
  });
});
