import { expect } from "chai";
import { copyOf } from "../support/copied-store.ts";
import { eventually } from "../support/eventually.ts";
import { enterGroup, groupTalking, type GroupSide } from "../support/group-sides.ts";
import { MaliciousNode, ok } from "../support/malicious-node.ts";
import { People } from "../support/people.ts";
import { sealedTwice } from "../support/sealed-twice.ts";
import { watch } from "../support/two-talking.ts";

const patience = { timeout: 60_000 };

describe("attack 16: two clones of one device in a group", function () {
  this.timeout(120_000);
  let node: MaliciousNode;
  let people: People;
  let alice: GroupSide;
  let carol: GroupSide;
  let user: string;
  /** Bob's device, twice. */
  let one: GroupSide;
  let two: GroupSide;
  before(async () => {
    node = await MaliciousNode.start();
  });
  after(() => node.close());
  beforeEach(async () => {
    people = new People(() => node.url);
    const [owner, bob, member] = await groupTalking(people, ["alice", "bob", "carol"]);
    [alice, carol] = [owner!, member!];
    user = bob!.client.user;
    await bob!.client.close();
    const stores = [bob!.store, await copyOf(bob!.store)];
    [one, two] = (await Promise.all(
      stores.map(async (store) => enterGroup(watch(await people.open(user, { store }), store))),
    )) as [GroupSide, GroupSide];
  });
  afterEach(async () => {
    node.behave();
    await people.close();
  });

  /** Everybody else has read this after the first, in this order, and could open all of it. */
  function isRead(...texts: string[]): void {
    expect(carol.texts).to.deep.equal(["first", ...texts]);
    expect(alice.texts).to.deep.equal(texts);
    for (const side of [alice, carol]) expect(side.unopened).to.deep.equal([]);
  }

  it("(16) the one that is behind seals nothing under its old state: it is added again, and the user is told", async () => {
    await one.client.connect();
    await one.chat.send("by one").reached("delivered", patience);
    await one.client.close();
    const message = two.chat.send("by two");
    await two.client.connect();
    await message.reached("delivered", patience);
    expect(two.faults.find(({ code }) => code === "state-lost")?.conversation).to.equal(two.chat.id);
    expect(sealedTwice(node, user)).to.deep.equal([]);
    isRead("by one", "by two");
  });

  it("(16) in turns: the one whose place the other took waits for a person, and the others are told", async () => {
    await one.client.connect();
    await one.chat.send("by one").reached("delivered", patience);
    await two.client.connect();
    await two.chat.send("by two").reached("delivered", patience);
    await one.client.connect().catch(() => undefined);
    const second = one.chat.send("by one again");
    await eventually(() => expect([...alice.codes(), ...carol.codes()]).to.include("readd-held"), patience.timeout);
    expect(one.codes()).to.include("state-lost");
    expect(second.state).to.be.oneOf(["queued", "sealing"]);
    expect(sealedTwice(node, user)).to.deep.equal([]);
    isRead("by one", "by two");
  });

  it("(16) where the server hides the log from one: nothing shows as accepted under a number that the other has used", async () => {
    await one.client.connect();
    await one.chat.send("by one").reached("delivered", patience);
    await one.client.close();
    const hidden = node.answer("log:read", ({ request, forward, user: asker }) =>
      asker === user ? ok<"log:read">({ entries: [], head: request.after, floor: 0 }) : forward(),
    );
    const message = two.chat.send("by two");
    await two.client.connect();
    await eventually(() => expect(sealedTwice(node, user)).to.have.length(1), patience.timeout);
    expect(message.sequence).to.equal(undefined);
    hidden();
    await two.client.sync();
    await eventually(() => expect(two.codes()).to.include("state-lost"), patience.timeout);
    await message.reached("delivered", patience);
    isRead("by one", "by two");
  });
});
