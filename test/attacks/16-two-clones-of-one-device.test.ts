import { expect } from "chai";
import { memoryStore } from "../../src/client/index.ts";
import { copyOf } from "../support/copied-store.ts";
import { eventually } from "../support/eventually.ts";
import { MaliciousNode, ok } from "../support/malicious-node.ts";
import { People } from "../support/people.ts";
import { sealedTwice } from "../support/sealed-twice.ts";
import { newSide, twoTalking, watch, type Side } from "../support/two-talking.ts";

describe("attack 16: two clones of one device", () => {
  let node: MaliciousNode;
  let people: People;
  let bob: Side;
  let user: string;
  let one: Side;
  let two: Side;
  before(async () => {
    node = await MaliciousNode.start();
  });
  after(() => node.close());
  beforeEach(async () => {
    people = new People(() => node.url);
    const talking = await twoTalking(people);
    bob = talking.bob;
    user = talking.alice.client.user;
    await talking.alice.client.close();
    const stores = [talking.alice.store, await copyOf(talking.alice.store)];
    [one, two] = (await Promise.all(stores.map(async (store) => watch(await people.open(user, { store }), store)))) as [
      Side,
      Side,
    ];
    for (const side of [one, two]) side.chat = await side.client.direct(bob.client.user);
  });
  afterEach(async () => {
    node.behave();
    await people.close();
  });

  const twice = (device = user): string[] => sealedTwice(node, device);

  it("(16) one at a time: the node lets the later one in, the other hears that it was replaced", async () => {
    await one.client.connect();
    await one.client.sync();
    await two.client.connect();
    await eventually(() => expect(one.client.connection).to.equal("refused"));
    expect(two.client.connection).to.equal("online");
  });

  it("(16) the one that is behind sends nothing under its old state, even what it had to send already", async () => {
    await one.client.connect();
    await one.chat.send("by one").reached("delivered", { timeout: 60_000 });
    await one.client.close();
    const message = two.chat.send("by two");
    await two.client.connect();
    await eventually(() => expect(two.codes()).to.include("state-lost"));
    expect(two.faults.find(({ code }) => code === "state-lost")?.conversation).to.equal(two.chat.id);
    await message.reached("delivered", { timeout: 60_000 });
    expect(twice()).to.deep.equal([]);
    expect(bob.texts).to.deep.equal(["first", "by one", "by two"]);
    expect(bob.unopened).to.deep.equal([]);
  });

  it("(16) in turns, again and again: nothing of either is false, and no number is used for two", async () => {
    await one.client.connect();
    await one.chat.send("by one").reached("delivered", { timeout: 60_000 });
    await two.client.connect();
    const byTwo = two.chat.send("by two");
    await byTwo.reached("delivered", { timeout: 60_000 });
    await one.client.connect().catch(() => undefined);
    const second = one.chat.send("by one again");
    // The group has this device once: the clone that the other one was added in the place of is held for a person.
    await eventually(() => expect(bob.codes()).to.include("readd-held"));
    expect(one.codes()).to.include("state-lost");
    expect(["queued", "sealing"]).to.include(second.state);
    expect(twice()).to.deep.equal([]);
    expect(bob.texts).to.deep.equal(["first", "by one", "by two"]);
  });

  it("(16) a message whose number the other clone has used never shows as accepted", async () => {
    await one.client.connect();
    await one.chat.send("by one").reached("delivered", { timeout: 60_000 });
    await one.client.close();
    // The node hides the log from the clone, so that it cannot know, and tells it that all is known.
    const hidden = node.answer("log:read", ({ request, forward, user: asker }) =>
      asker === user ? ok<"log:read">({ entries: [], head: request.after, floor: 0 }) : forward(),
    );
    const message = two.chat.send("by two");
    await two.client.connect();
    await eventually(() => expect(twice()).to.deep.equal(["1/2"]));
    hidden();
    await two.client.sync();
    await eventually(() => expect(two.codes()).to.include("state-lost"));
    await message.reached("delivered", { timeout: 60_000 });
    expect(bob.texts).to.deep.equal(["first", "by one", "by two"]);
  });

  it("(16) of a device that has not founded yet: one founds, the other is added again, and goes on with the numbers", async () => {
    const store = memoryStore();
    const carol = await newSide(people, "carol", { store });
    const dave = await newSide(people, "dave");
    await carol.client.direct(dave.client.user);
    await carol.client.close();
    const clone = await copyOf(store);
    const first = await people.online(carol.client.user, { store });
    const sent = (await first.direct(dave.client.user)).send("from one of them");
    await sent.reached("delivered", { timeout: 60_000 });
    await first.close();
    const second = await people.online(carol.client.user, { store: clone });
    const again = (await second.direct(dave.client.user)).send("from the other");
    await again.reached("delivered", { timeout: 60_000 });
    expect(dave.texts.filter((text) => text === "from the other")).to.have.length(1);
    expect(dave.unopened).to.deep.equal([]);
    expect(twice(carol.client.user)).to.deep.equal([]);
  });
});
