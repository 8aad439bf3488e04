import { expect } from "chai";
import type { ClientStore } from "../../src/client/index.ts";
import { copyOf } from "../support/copied-store.ts";
import { eventually } from "../support/eventually.ts";
import { enterGroup, groupTalking, logOf, standOf, type GroupSide } from "../support/group-sides.ts";
import { MaliciousNode } from "../support/malicious-node.ts";
import { People } from "../support/people.ts";
import { sealedTwice } from "../support/sealed-twice.ts";
import { newSide, watch } from "../support/two-talking.ts";

const patience = { timeout: 60_000 };

describe("a device of a group whose store was put back to an older copy", function () {
  this.timeout(120_000);
  let node: MaliciousNode;
  let people: People;
  let alice: GroupSide;
  let bob: GroupSide;
  let carol: GroupSide;
  /** Bob's store as it was after the first message. */
  let backup: ClientStore;
  before(async () => {
    node = await MaliciousNode.start();
  });
  after(() => node.close());
  beforeEach(async () => {
    people = new People(() => node.url);
    [alice, bob, carol] = (await groupTalking(people, ["alice", "bob", "carol"])) as [GroupSide, GroupSide, GroupSide];
    await bob.client.close();
    backup = await copyOf(bob.store);
    bob = await back(bob.store);
  });
  afterEach(() => people.close());

  /** Bob's device, started on this store. */
  async function back(store: ClientStore): Promise<GroupSide> {
    const side = watch(await people.open(bob.client.user, { store }), store);
    await enterGroup(side);
    await side.client.connect();
    return side as GroupSide;
  }

  /** What is written now is read by all, each text of bob's stands in the log once, and all hold the same log from there on. */
  async function allHoldTheSame(texts: string[]): Promise<void> {
    const last = alice.chat.send("the last");
    await last.reached("delivered", patience);
    const sides = [alice, bob, carol];
    await eventually(() => expect(new Set(sides.map(({ chat }) => standOf(chat))).size).to.equal(1), patience.timeout);
    const [ofAlice, ofBob, ofCarol] = await Promise.all(sides.map(({ chat }) => logOf(chat)));
    expect(ofCarol).to.deep.equal(ofAlice);
    expect(ofAlice!.filter(({ sender }) => sender === bob.client.user).map(({ text }) => text)).to.deep.equal(texts);
    const begin = ofBob!.findLast(({ text }) => text === "first")!.sequence;
    const held = new Set(ofBob!.map(({ sequence }) => sequence));
    expect(ofBob).to.deep.equal(ofAlice!.filter(({ sequence }) => sequence <= begin || held.has(sequence)));
    expect(ofBob!.at(-1)).to.deep.include({ text: "the last" });
    expect(sealedTwice(node, bob.client.user)).to.deep.equal([]);
    expect([alice, carol].flatMap(({ unopened }) => unopened)).to.deep.equal([]);
  }

  it("sends nothing under the old state, is added again by a member, and goes on with the same log", async () => {
    await bob.chat.send("ahead").reached("delivered", patience);
    await bob.client.close();
    bob = await back(backup);
    await bob.chat.send("after the backup").reached("delivered", patience);
    expect(bob.codes()).to.include("state-lost");
    await allHoldTheSame(["ahead", "after the backup"]);
  });

  it("the same where people came and went, and roles changed, in what the copy does not know", async () => {
    await bob.chat.send("ahead").reached("delivered", patience);
    const dave = await newSide(people, "dave");
    await alice.chat.add(dave.client.user);
    await alice.chat.setRole(bob.client.user, "admin");
    await eventually(() => expect(bob.chat.role).to.equal("admin"), patience.timeout);
    await bob.chat.remove(dave.client.user);
    await bob.client.close();
    bob = await back(backup);
    await bob.chat.send("after the backup").reached("delivered", patience);
    expect(bob.chat.role).to.equal("admin");
    await bob.chat.rename("Crew");
    await allHoldTheSame(["ahead", "after the backup"]);
  });

  it("a copy that only has less of what others wrote is no older state: it reads on, and nobody is told anything", async () => {
    await alice.chat.send("while bob read").reached("delivered", patience);
    await alice.chat.setRole(carol.client.user, "admin");
    await bob.client.close();
    bob = await back(backup);
    await bob.chat.send("after the backup").reached("delivered", patience);
    await allHoldTheSame(["after the backup"]);
    expect((await logOf(bob.chat)).map(({ text }) => text)).to.include("while bob read");
    expect(people.faults).to.deep.equal([]);
  });

  it("a copy from before its own change of the group cannot follow that: it is added again, and the user is told", async () => {
    await alice.chat.setRole(bob.client.user, "admin");
    await eventually(() => expect(bob.chat.role).to.equal("admin"), patience.timeout);
    const dave = await newSide(people, "dave");
    await bob.chat.add(dave.client.user);
    await bob.client.close();
    bob = await back(backup);
    await bob.chat.send("after the backup").reached("delivered", patience);
    expect(people.faults).to.deep.equal([`${bob.client.user}: state-lost`]);
    await allHoldTheSame(["after the backup"]);
    expect(bob.chat.users.map(({ user }) => user)).to.include(dave.client.user);
  });
});
