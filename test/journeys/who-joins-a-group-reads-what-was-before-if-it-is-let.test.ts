import { expect } from "chai";
import { memoryStore, type Client, type Conversation, type Group } from "../../src/client/index.ts";
import { tables } from "../../src/client/records.ts";
import { eventually } from "../support/eventually.ts";
import { startGatewayNode, type GatewayNode } from "../support/gateway-node.ts";
import { coreOf } from "../support/held-state.ts";
import { People } from "../support/people.ts";
import { refusal } from "../support/refusal.ts";

const soon = { timeout: 10_000 };

describe("who joins a group reads what was said before, if it is let", function () {
  this.timeout(60_000);
  let node: GatewayNode;
  let people: People;
  before(async () => {
    node = await startGatewayNode();
  });
  after(() => node.close());
  beforeEach(() => {
    people = new People(() => node.url);
  });
  afterEach(async () => {
    await people.close();
    expect(people.faults).to.deep.equal([]);
  });

  let round = 0;
  const named = (name: string): string => `${name}-${(round += 1)}`;

  const groupOf = (client: Client): Promise<Group> =>
    eventually(async () => {
      await client.sync();
      const group = client.conversations().find((one) => one.kind === "group");
      expect(group?.isJoined).to.equal(true);
      return group as Group;
    });

  /** All that a device shows, page by page, old to new. */
  async function shownBy(chat: Conversation, limit = 3): Promise<string[]> {
    const pages: string[][] = [];
    for (let before: number | undefined; ;) {
      const page = await chat.history({ limit, ...(before === undefined ? {} : { before }) });
      pages.unshift(page.messages.map((message) => ("reason" in message ? `(${message.reason})` : message.text)));
      if (page.before === undefined) return pages.flat();
      before = page.before;
    }
  }
  const shows = (chat: Conversation, texts: readonly string[]) =>
    eventually(async () => expect(await shownBy(chat)).to.deep.equal(texts), soon.timeout);

  /** The epochs whose history keys a device holds, in order. */
  const historyKeysOf = async (client: Client, { id }: Conversation): Promise<string[]> =>
    (await coreOf(client).store.list(tables.historyKeys, { prefix: `${id}/` })).map((row) => row.id);

  /** Alice's group with bob, who says something and leaves, and carol, who came after that and has no role. */
  async function team() {
    const alice = await people.online(named("alice"));
    const bob = await people.online(named("bob"));
    const carol = await people.online(named("carol"));
    const mine = await alice.createGroup({ name: "Team", members: [bob.user] });
    await mine.send("one, by alice").reached("delivered", soon);
    const bobs = await groupOf(bob);
    await bobs.send("two, by bob").reached("delivered", soon);
    await bobs.leave();
    await eventually(() => expect(mine.users.map(({ user }) => user)).to.deep.equal([alice.user]));
    await mine.add(carol.user);
    const carols = await groupOf(carol);
    await carols.send("three, by carol").reached("delivered", soon);
    return { alice, bob, carol, mine, carols };
  }

  it("every device of it, back to the beginning, what those said who have left too; and others gain nothing", async () => {
    const { alice, carol, mine, carols } = await team();
    const [first] = await historyKeysOf(carol, carols);
    const dave = await people.online(named("dave"));
    const tablet = await people.linked(dave);
    expect(await mine.add(dave.user, { shareHistory: true })).to.equal("added");
    await mine.send("four, with dave").reached("delivered", soon);
    const all = ["one, by alice", "two, by bob", "three, by carol", "four, with dave"];
    const daves = await groupOf(dave);
    await shows(daves, all);
    await shows(await groupOf(tablet), all);
    await shows(await groupOf(await people.linked(dave)), all);
    expect((await daves.unread()).map(({ text }) => text)).to.deep.equal(["four, with dave"]);
    // Carol was there when the keys went by, and has no more of what was before her than she had.
    await shows(carols, ["three, by carol", "four, with dave"]);
    expect((await historyKeysOf(carol, carols))[0]).to.equal(first);
    expect((await historyKeysOf(dave, daves))[0]).to.equal((await historyKeysOf(alice, mine))[0]);
    await shows(mine, all);
  });

  it("not unless it is let: neither the node gives the entries, nor has it the keys", async () => {
    const { mine } = await team();
    const dave = await people.online(named("dave"));
    await mine.add(dave.user);
    await mine.send("four, with dave").reached("delivered", soon);
    const daves = await groupOf(dave);
    await shows(daves, ["four, with dave"]);
    expect(await historyKeysOf(dave, daves)).to.have.length(1);
    const { entries, first } = await coreOf(dave).connection.request("history:read", {
      conversation: mine.id,
      limit: 100,
    });
    expect(entries.at(0)!.sequence).to.equal(first);
    expect(entries.filter(({ kind }) => kind === "message")).to.have.length(2);
  });

  it("afterwards too, and where it had looked before", async () => {
    const { mine } = await team();
    const dave = await people.online(named("dave"));
    await mine.add(dave.user);
    const daves = await groupOf(dave);
    await mine.send("four, with dave").reached("delivered", soon);
    await shows(daves, ["four, with dave"]);
    expect(await mine.add(dave.user, { shareHistory: true })).to.equal("added");
    await shows(daves, ["one, by alice", "two, by bob", "three, by carol", "four, with dave"]);
  });

  it("by another than who added it", async () => {
    const { alice, mine } = await team();
    const erin = await people.online(named("erin"));
    await mine.add(erin.user, { shareHistory: true });
    const erins = await groupOf(erin);
    await mine.setRole(erin.user, "admin");
    const dave = await people.online(named("dave"));
    await mine.add(dave.user);
    const daves = await groupOf(dave);
    await alice.close();
    people.forget(alice);
    await eventually(async () => expect(erins.users.map(({ user }) => user)).to.include(dave.user));
    await erins.add(dave.user, { shareHistory: true });
    await shows(daves, ["one, by alice", "two, by bob", "three, by carol"]);
  });

  it("as far as who lets it may read itself", async () => {
    const { carol, mine, carols } = await team();
    await mine.setRole(carol.user, "admin");
    const dave = await people.online(named("dave"));
    await eventually(() => carols.add(dave.user, { shareHistory: true }));
    const daves = await groupOf(dave);
    await mine.send("four, with dave").reached("delivered", soon);
    await shows(daves, ["three, by carol", "four, with dave"]);
  });

  it("not by a plain member, nor in a group that keeps no history", async () => {
    const { carols } = await team();
    const dave = await people.online(named("dave"));
    await refusal(carols.add(dave.user, { shareHistory: true }), "forbidden");
    const eve = await people.online(named("eve"));
    const quiet = await eve.createGroup({ history: "off" });
    await refusal(quiet.add(dave.user, { shareHistory: true }), "invalid-argument");
    expect(quiet.invited).to.deep.equal([]);
  });

  it("once it has a device, and after a restart of who owes it", async () => {
    const store = memoryStore();
    const alice = await people.online(named("alice"), { store });
    const bob = await people.online(named("bob"));
    const mine = await alice.createGroup({ members: [bob.user] });
    await mine.send("one").reached("delivered", soon);
    const late = named("dave");
    expect(await mine.add(late, { shareHistory: true })).to.equal("invited");
    await alice.close();
    people.forget(alice);
    const dave = await people.online(late);
    const again = await people.online(alice.user, { store });
    const daves = await groupOf(dave);
    await shows(daves, ["one"]);
    await again.conversation(mine.id)!.send("two").reached("delivered", soon);
    await shows(daves, ["one", "two"]);
  });

  it("for the stay that it was let for: who comes back without it reads from there", async () => {
    const { mine } = await team();
    const dave = await people.online(named("dave"));
    await mine.add(dave.user, { shareHistory: true });
    await groupOf(dave);
    await mine.remove(dave.user);
    await mine.send("while dave is out").reached("delivered", soon);
    await mine.add(dave.user);
    await eventually(async () => {
      await dave.sync();
      const { first } = await coreOf(dave).connection.request("history:read", { conversation: mine.id, limit: 1 });
      const joined = (await node.store.viewConversation(dave.user, dave.device, mine.id))!.joinedSequence;
      expect(first).to.equal(joined);
    });
  });

  it("for a later stay too, with what was said while it was out", async () => {
    const alice = await people.online(named("alice"));
    const bob = await people.online(named("bob"));
    const mine = await alice.createGroup({ members: [bob.user] });
    await mine.send("one").reached("delivered", soon);
    const dave = await people.online(named("dave"));
    await mine.add(dave.user);
    const daves = await groupOf(dave);
    await mine.remove(dave.user);
    await eventually(() => expect(daves.left).to.equal("removed"));
    await mine.send("two, while dave is out").reached("delivered", soon);
    await mine.add(dave.user, { shareHistory: true });
    await eventually(async () => {
      await dave.sync();
      expect(await shownBy(dave.conversation(mine.id)!)).to.deep.equal(["one", "two, while dave is out"]);
    }, soon.timeout);
  });
});
