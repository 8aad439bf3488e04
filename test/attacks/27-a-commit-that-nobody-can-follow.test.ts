import { expect } from "chai";
import type { Group } from "../../src/client/index.ts";
import type { Conversation } from "../../src/client/conversation/conversation.ts";
import { eventually } from "../support/eventually.ts";
import { startGatewayNode, type GatewayNode } from "../support/gateway-node.ts";
import { heldGroup, heldRecord } from "../support/held-state.ts";
import { MaliciousNode } from "../support/malicious-node.ts";
import { People, quickTimings } from "../support/people.ts";
import { newSide, twoTalking, type Side } from "../support/two-talking.ts";
import { commitThatNobodyFollows } from "../support/unfollowable-commit.ts";

const timings = { ...quickTimings, generationPatienceMs: 250 };
const soon = { timeout: 60_000 };

describe("attack 27: an insider's commit that nobody can follow", function () {
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

  const faultOf = (side: Side, code: string) => side.faults.find((fault) => fault.code === code);

  async function expectGeneration(chat: Conversation, sides: Side[], generation: number): Promise<void> {
    await eventually(async () => {
      for (const { client } of sides) {
        const group = await heldGroup(client, chat.id);
        expect(group.generation, client.user).to.equal(generation);
        const { lostAt } = await heldRecord(client, chat.id);
        expect(lostAt, client.user).to.equal(null);
      }
    });
    expect((await node.store.findConversation(chat.id as never))!.generation).to.equal(generation);
  }

  it("(27) costs a direct one new generation, and names the insider; no message is lost, and none comes twice", async () => {
    const { alice, bob } = await twoTalking(people, { timings });
    const sequence = await commitThatNobodyFollows(bob.client, bob.chat.id);
    const sent = alice.chat.send("after it");
    const answer = bob.chat.send("back");
    await sent.reached("delivered", soon);
    await answer.reached("delivered", soon);
    await expectGeneration(alice.chat, [alice, bob], 2);
    const { user, device } = bob.client;
    expect(faultOf(alice, "commit-invalid")).to.deep.include({ user, device, sequence });
    expect(faultOf(alice, "new-generation")).to.deep.include({ reason: "commit-invalid" });
    // To the device in whose name it was made it is a change that its own store knows nothing of.
    expect(faultOf(bob, "new-generation")).to.deep.include({ reason: "state-lost" });
    for (const side of [alice, bob]) {
      expect(side.codes().filter((code) => code === "new-generation")).to.have.length(1);
    }
    expect(bob.texts).to.deep.equal(["first", "after it"]);
    expect(alice.texts).to.deep.equal(["back"]);
    expect([...alice.unopened, ...bob.unopened]).to.deep.equal([]);
    const history = await alice.chat.history({ limit: 10 });
    expect(history.messages.map((message) => "text" in message && message.text)).to.have.members([
      "first",
      "after it",
      "back",
    ]);
  });

  /** Alice owns it, bob and the others are members. */
  async function team(...others: string[]): Promise<Side[]> {
    const alice = await newSide(people, "alice", { timings });
    const sides = [alice];
    for (const name of others) sides.push(await newSide(people, name, { timings }));
    const members = sides.slice(1).map(({ client }) => client.user);
    alice.chat = await alice.client.createGroup({ name: "Team", members });
    for (const side of sides.slice(1)) {
      side.chat = await eventually(() => {
        const group = side.client.conversations().find((one) => one.kind === "group") as Group | undefined;
        if (!group?.isJoined) throw new Error("not in the group yet");
        return group;
      });
    }
    for (const side of sides) side.chat.on("unopened", (message) => side.unopened.push(message));
    return sides;
  }

  it("(27) costs a group one new generation: an admin founds it with the same people and roles", async () => {
    const sides = await team("bob", "carol", "mallory");
    const [alice, bob, carol, mallory] = sides as [Side, Side, Side, Side];
    await alice.chat.send("before").reached("delivered", soon);
    const roles = (alice.chat as Group).users;
    await commitThatNobodyFollows(mallory.client, mallory.chat.id);
    const sent = [alice, bob, carol].map((side) => side.chat.send(`from ${side.client.user}`));
    for (const message of sent) await message.reached("delivered", soon);
    await expectGeneration(alice.chat, sides, 2);
    for (const side of [alice, bob, carol]) {
      const { user, device } = mallory.client;
      expect(faultOf(side, "commit-invalid")).to.deep.include({ user, device });
      const founder = { user: alice.client.user, device: alice.client.device };
      expect(faultOf(side, "new-generation")).to.deep.include({ ...founder, reason: "commit-invalid" });
      expect((side.chat as Group).users).to.deep.equal(roles);
      expect((side.chat as Group).name).to.equal("Team");
      expect(side.unopened).to.deep.equal([]);
    }
    expect(carol.texts.toSorted()).to.deep.equal(["before", sent[0]!.text, sent[1]!.text].toSorted());
    await (alice.chat as Group).remove(mallory.client.user);
    await bob.chat.send("without mallory").reached("delivered", soon);
  });

  it("(27) costs one generation each time: the one after it goes on as well", async () => {
    const { alice, bob } = await twoTalking(people, { timings });
    for (const generation of [2, 3]) {
      await commitThatNobodyFollows(bob.client, bob.chat.id);
      await alice.chat.send(`in ${generation}`).reached("delivered", soon);
      await expectGeneration(alice.chat, [alice, bob], generation);
    }
    expect(bob.texts).to.deep.equal(["first", "in 2", "in 3"]);
  });

  it("(27) leaves what was sent before it was known: it is opened, shown once, and said to be delivered", async () => {
    const slow = await MaliciousNode.start();
    const those = new People(() => slow.url);
    const { alice, bob } = await twoTalking(those, { timings });
    const tablet = await those.linked(bob.client);
    await eventually(async () => {
      await tablet.sync();
      expect(tablet.conversation(bob.chat.id)?.isJoined).to.equal(true);
    });
    await eventually(() => {
      for (const { chat } of [alice, bob]) expect(chat.members).to.have.length(3);
    });
    // Alice hears of the commit when she reads the log, after she has sent: not before by what others make of it.
    slow.rewrite("message:posted", (entry, user) =>
      entry.kind === "commit" && user === alice.client.user ? [] : [entry],
    );
    let hasSent = false;
    for (const push of ["message:delivered", "conversation:behind", "inbox:posted"] as const) {
      slow.rewrite(push, (news, user) => (user === alice.client.user && !hasSent ? [] : [news as never]));
    }
    const sequence = await commitThatNobodyFollows(tablet, bob.chat.id);
    // And nobody founds the next generation before that.
    let letGo = (): void => undefined;
    const sent = new Promise<void>((resolve) => (letGo = resolve));
    slow.answer("conversation:commit", async ({ forward, user }) => {
      if (user === bob.client.user) await sent;
      return forward();
    });
    await bob.client.sync();
    expect(bob.codes()).to.include("commit-invalid");
    const messages = ["one", "two", "three"].map((text) => alice.chat.send(text));
    for (const message of messages) await message.reached("accepted", soon);
    hasSent = true;
    letGo();
    for (const message of messages) await message.reached("delivered", soon);
    expect(messages[0]!.sequence).to.equal(sequence + 1);
    expect(bob.texts).to.deep.equal(["first", "one", "two", "three"]);
    expect(bob.unopened).to.deep.equal([]);
    expect((await messages[0]!.receipts())[0]).to.not.have.property("unopenedAt");
    expect((await heldRecord(alice.client, alice.chat.id)).generation).to.equal(2);
    await those.close();
    await slow.close();
  });

  it("(27) reaches a device that was away: it reads what it can, and goes along when it comes back", async () => {
    const { alice, bob } = await twoTalking(people, { timings });
    const tablet = await people.linked(bob.client, { timings });
    await eventually(() => expect(alice.chat.members).to.have.length(3));
    await alice.chat.send("to the tablet").reached("delivered", soon);
    await bob.client.close();
    people.forget(bob.client);
    await alice.chat.send("unread yet").reached("delivered", { ...soon, by: "any" });
    await commitThatNobodyFollows(tablet, alice.chat.id);
    await alice.chat.send("in the next").reached("accepted", soon);
    const back = await people.online(bob.client.user, { store: bob.store, timings });
    const texts = async () => (await (await back.direct(alice.client.user)).unread()).map(({ text }) => text);
    await eventually(async () =>
      expect(await texts()).to.deep.equal(["first", "to the tablet", "unread yet", "in the next"]),
    );
    expect((await heldGroup(back, alice.chat.id)).generation).to.equal(2);
  });
});
