import { expect } from "chai";
import { memoryStore, type Client, type ClientStore, type Group } from "../../src/client/index.ts";
import { tables } from "../../src/client/records.ts";
import { eventually } from "../support/eventually.ts";
import { startGatewayNode, type GatewayNode } from "../support/gateway-node.ts";
import { coreOf, heldGroup } from "../support/held-state.ts";
import { People, quickTimings } from "../support/people.ts";
import { newSide, twoTalking, watch, type Side } from "../support/two-talking.ts";
import { commitThatNobodyFollows } from "../support/unfollowable-commit.ts";

const timings = { ...quickTimings, generationPatienceMs: 200 };
const soon = { timeout: 60_000 };

/** A closed store without any group. */
async function loseGroups(store: ClientStore): Promise<void> {
  const opened = await store.open();
  for (const table of [tables.groupTrees, tables.groupRatchets]) {
    for (const { id } of await opened.list(table)) await opened.write([{ table, id, bytes: null }]);
  }
  await opened.close();
}

describe("a new generation", function () {
  this.timeout(120_000);
  let node: GatewayNode;
  let people: People;
  before(async () => {
    node = await startGatewayNode();
  });
  after(() => node.close());
  beforeEach(() => {
    people = new People(() => node.url);
  });
  afterEach(() => people.close());

  const generationOf = async (client: Client, conversation: string): Promise<number> =>
    (await heldGroup(client, conversation)).generation;

  async function away(side: Side): Promise<void> {
    await side.client.close();
    people.forget(side.client);
  }

  /** The same device again, on the same store. */
  async function again(side: Side): Promise<Side> {
    const client = await people.open(side.client.user, { store: side.store, timings });
    const back = watch(client, side.store);
    await client.connect();
    await client.sync();
    back.chat = await client.direct(side.chat.peer!);
    return back;
  }

  it("is founded by either side of a direct where all devices have lost the group", async () => {
    const { alice, bob } = await twoTalking(people, { timings });
    await bob.chat.send("second").reached("delivered", soon);
    for (const side of [alice, bob]) {
      await away(side);
      await loseGroups(side.store);
    }
    const [hers, his] = [await again(alice), await again(bob)];
    await hers.chat.send("third").reached("delivered", soon);
    await his.chat.send("fourth").reached("delivered", soon);
    const texts = async ({ chat }: Side) =>
      (await chat.history({ limit: 10 })).messages.map((message) => ("text" in message ? message.text : null));
    const all = ["first", "second", "third", "fourth"];
    for (const side of [hers, his]) expect(await texts(side)).to.have.members(all);
    expect(await generationOf(hers.client, hers.chat.id)).to.equal(2);
    expect(await generationOf(his.client, his.chat.id)).to.equal(2);
    expect([...hers.codes(), ...his.codes()].filter((code) => code === "new-generation")).to.have.length(2);
  });

  it("of a restored device's is joined by the other side when it comes back, after it has read the one before", async () => {
    const { alice, bob } = await twoTalking(people, { timings });
    await away(bob);
    await alice.chat.send("while bob is away").reached("accepted", soon);
    await away(alice);
    await loseGroups(alice.store);
    const hers = await again(alice);
    const sent = hers.chat.send("anew");
    await sent.reached("accepted", soon);
    const his = await again(bob);
    await sent.reached("delivered", soon);
    await eventually(() => expect(his.texts).to.deep.equal(["while bob is away", "anew"]));
    expect(his.faults.find(({ code }) => code === "new-generation")).to.include({
      user: alice.client.user,
      device: alice.client.device,
      reason: "state-lost",
    });
    await his.chat.send("welcome").reached("delivered", soon);
  });

  it("is one, whoever founds at the same time: the node takes the first, and the others go along", async () => {
    const hasty = { ...timings, generationPatienceMs: 20 };
    const alice = await newSide(people, "alice", { timings: hasty });
    const bob = await newSide(people, "bob", { timings: hasty });
    alice.chat = await alice.client.direct(bob.client.user);
    await alice.chat.send("first").reached("delivered", soon);
    bob.chat = await bob.client.direct(alice.client.user);
    await commitThatNobodyFollows(bob.client, bob.chat.id);
    await Promise.all([alice, bob].map(({ client }) => client.sync()));
    const sent = [alice.chat.send("hers"), bob.chat.send("his")];
    for (const message of sent) await message.reached("delivered", soon);
    expect((await node.store.findConversation(alice.chat.id))!.generation).to.equal(2);
    expect([alice.texts, bob.texts]).to.deep.equal([["his"], ["first", "hers"]]);
  });

  it("takes messages that waited along, sealed anew under their ids and numbers, once", async () => {
    const { alice, bob } = await twoTalking(people, { timings });
    await commitThatNobodyFollows(bob.client, bob.chat.id);
    await eventually(() => expect(alice.codes()).to.include("commit-invalid"));
    const waiting = ["one", "two", "three"].map((text) => alice.chat.send(text));
    for (const message of waiting) await message.reached("delivered", soon);
    expect(bob.texts).to.deep.equal(["first", "one", "two", "three"]);
    const { entries } = await coreOf(alice.client).connection.request("log:read", {
      conversation: alice.chat.id,
      after: 0,
      limit: 50,
    });
    const ofAlice = entries.filter(({ kind, sender }) => kind === "message" && sender.device === alice.client.device);
    expect(ofAlice.map(({ number }) => number)).to.deep.equal([1, 2, 3, 4]);
    expect(ofAlice.slice(1).map(({ id }) => id)).to.deep.equal(waiting.map(({ id }) => id));
  });

  it("survives a founder that is closed before it hears that its founding is in the log", async () => {
    const { alice, bob } = await twoTalking(people, { timings: { ...timings, generationPatienceMs: 1_000 } });
    await commitThatNobodyFollows(bob.client, bob.chat.id);
    await eventually(() => expect(alice.codes()).to.include("commit-invalid"));
    await eventually(
      async () => expect((await node.store.findConversation(alice.chat.id))!.generation).to.equal(2),
      soon.timeout,
    );
    await away(alice);
    const hers = await again(alice);
    await hers.chat.send("on we go").reached("delivered", soon);
    await eventually(() => expect(bob.texts).to.deep.equal(["first", "on we go"]));
  });

  async function team(...others: string[]): Promise<Side[]> {
    const alice = await newSide(people, "alice", { timings });
    const sides = [alice];
    for (const name of others) sides.push(await newSide(people, name, { timings, store: memoryStore() }));
    alice.chat = await alice.client.createGroup({
      name: "Team",
      members: sides.slice(1).map(({ client }) => client.user),
    });
    for (const side of sides.slice(1)) {
      side.chat = await eventually(() => {
        const group = side.client.conversations().find((one) => one.kind === "group") as Group | undefined;
        if (!group?.isJoined) throw new Error("not in the group yet");
        return group;
      });
    }
    return sides;
  }

  it("waits for a role holder in a group, who may be away", async () => {
    const sides = await team("bob", "carol");
    const [alice, bob, carol] = sides as [Side, Side, Side];
    await away(alice);
    await commitThatNobodyFollows(carol.client, carol.chat.id);
    const sent = bob.chat.send("waits");
    await eventually(() => expect(bob.codes()).to.include("commit-invalid"));
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    expect((await node.store.findConversation(bob.chat.id))!.generation).to.equal(1);
    const client = await people.open(alice.client.user, { store: alice.store, timings });
    await client.connect();
    await sent.reached("delivered", soon);
    expect(await generationOf(client, bob.chat.id)).to.equal(2);
  });

  it("is founded by the longest-standing member where no role holder has a device left", async () => {
    const sides = await team("bob", "carol");
    const [alice, bob, carol] = sides as [Side, Side, Side];
    await commitThatNobodyFollows(carol.client, carol.chat.id);
    await eventually(() => expect(bob.codes()).to.include("commit-invalid"));
    await alice.client.devices.revoke(alice.client.device).catch(() => undefined);
    await away(alice);
    const sent = bob.chat.send("without alice");
    await sent.reached("delivered", soon);
    expect(await generationOf(carol.client, carol.chat.id)).to.equal(2);
    expect((bob.chat as Group).users).to.deep.equal([
      { user: bob.client.user, role: "owner" },
      { user: carol.client.user, role: "member" },
    ]);
  });
});
