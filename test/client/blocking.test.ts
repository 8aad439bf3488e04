import { expect } from "chai";
import { memoryStore, type Client, type Group, type PresenceEvent } from "../../src/client/index.ts";
import type { Conversation } from "../../src/client/conversation/conversation.ts";
import { eventually } from "../support/eventually.ts";
import { startGatewayNode, type GatewayNode } from "../support/gateway-node.ts";
import { People } from "../support/people.ts";
import { refusal } from "../support/refusal.ts";

const soon = { timeout: 60_000 };

/** Texts that a conversation shows, in order. */
async function textsIn(chat: Conversation): Promise<string[]> {
  const { messages } = await chat.history();
  return messages.flatMap((message) => ("text" in message ? [message.text] : []));
}

const unreadIn = async (chat: Conversation): Promise<string[]> => (await chat.unread()).map(({ text }) => text);

/** Texts of others as they were shown when they came. */
function shownTo(client: Client): string[] {
  const texts: string[] = [];
  client.on("message", ({ message }) => texts.push(message.text));
  return texts;
}

function conversationOf(client: Client, kind: "direct" | "group"): Promise<Conversation> {
  return eventually(() => {
    const found = client.conversations().find((one) => one.kind === kind);
    if (!found?.isJoined) throw new Error(`${client.user} is not in the ${kind} yet`);
    return found;
  });
}

describe("blocking somebody", function () {
  this.timeout(120_000);
  let node: GatewayNode;
  let people: People;
  let round = 0;
  const named = (name: string) => `${name}-${round}`;
  before(async () => {
    node = await startGatewayNode();
  });
  after(() => node.close());
  beforeEach(() => {
    round += 1;
    people = new People(() => node.url);
  });
  afterEach(async () => {
    await people.close();
    expect(people.faults).to.deep.equal([]);
  });

  async function direct() {
    const alice = await people.online(named("alice"));
    const mallory = await people.online(named("mallory"));
    const theirs = await mallory.direct(alice.user);
    await theirs.send("before").reached("delivered", soon);
    return { alice, mallory, theirs, mine: await conversationOf(alice, "direct") };
  }

  async function group() {
    const alice = await people.online(named("alice"));
    const mallory = await people.online(named("mallory"));
    const bob = await people.online(named("bob"));
    const mine = await alice.createGroup({ name: "Team", members: [mallory.user, bob.user] });
    const theirs = (await conversationOf(mallory, "group")) as Group;
    const bobs = (await conversationOf(bob, "group")) as Group;
    await theirs.send("before").reached("delivered", soon);
    return { alice, mallory, bob, mine, theirs, bobs };
  }

  it("fails their direct messages, each by itself, and lets them write again when it is undone", async () => {
    const { alice, mallory, theirs, mine } = await direct();
    const shown = shownTo(alice);
    await alice.block(mallory.user);
    expect(alice.blocked()).to.deep.equal([mallory.user]);
    const refused = [theirs.send("one"), theirs.send("two"), theirs.send("three")];
    for (const message of refused) {
      await refusal(message.reached("accepted", soon), "not-accepted");
      expect(message.state).to.equal("failed");
    }
    expect(theirs.unsent()).to.deep.equal([]);
    expect(await textsIn(mine)).to.deep.equal(["before"]);
    await alice.unblock(mallory.user);
    expect(alice.blocked()).to.deep.equal([]);
    await theirs.send("again").reached("delivered", soon);
    expect(shown).to.deep.equal(["again"]);
    expect(await textsIn(mine)).to.deep.equal(["before", "again"]);
  });

  it("leaves one's own messages to them free to go", async () => {
    const { alice, mallory, theirs, mine } = await direct();
    await alice.block(mallory.user);
    await mine.send("please stop").reached("delivered", soon);
    expect(await textsIn(theirs)).to.deep.equal(["before", "please stop"]);
  });

  it("does not show what they sent before it, and was not read yet", async () => {
    const { alice, mallory, theirs, mine } = await direct();
    expect(await unreadIn(mine)).to.deep.equal(["before"]);
    await alice.block(mallory.user);
    expect(await unreadIn(mine)).to.deep.equal([]);
    expect(await textsIn(mine)).to.deep.equal(["before"]);
    await refusal(theirs.send("later").reached("accepted", soon), "not-accepted");
  });

  it("keeps their messages in groups, acked and out of sight, until it is undone", async () => {
    const { alice, mallory, mine, theirs, bobs } = await group();
    const shown = shownTo(alice);
    await alice.block(mallory.user);
    const stop = new AbortController();
    const live: string[] = [];
    const reading = (async () => {
      for await (const message of mine.messages({ signal: stop.signal })) live.push(message.text);
    })();
    await theirs.send("noise").reached("delivered", soon);
    await bobs.send("a word").reached("delivered", soon);
    await eventually(() => expect(live).to.deep.equal(["a word"]));
    expect(shown).to.deep.equal(["a word"]);
    expect(await textsIn(mine)).to.deep.equal(["a word"]);
    expect(await unreadIn(mine)).to.deep.equal(["a word"]);
    expect(await textsIn(bobs)).to.deep.equal(["before", "noise", "a word"]);
    await alice.unblock(mallory.user);
    expect(await textsIn(mine)).to.deep.equal(["before", "noise", "a word"]);
    await theirs.send("hello again").reached("delivered", soon);
    await eventually(() => expect(live).to.deep.equal(["a word", "hello again"]));
    expect(shown).to.deep.equal(["a word", "hello again"]);
    stop.abort();
    await reading;
  });

  it("holds on one's other devices: those that are there, that come back, and that are added", async () => {
    const { alice, mallory, mine, theirs } = await group();
    const tabletStore = memoryStore();
    const phone = await people.linked(alice);
    const tablet = await people.linked(alice, { store: tabletStore });
    await conversationOf(phone, "group");
    await conversationOf(tablet, "group");
    await tablet.close();
    people.forget(tablet);
    const lists: string[][] = [];
    phone.on("blocked", (users) => lists.push(users));
    await alice.block(mallory.user);
    await eventually(() => expect(lists).to.deep.equal([[mallory.user]]));
    const shown = [shownTo(alice), shownTo(phone)];
    await theirs.send("noise").reached("accepted", soon);
    await mine.settled();
    const again = await people.online(alice.user, { store: tabletStore });
    expect(again.blocked()).to.deep.equal([mallory.user]);
    const added = await people.linked(alice);
    expect(added.blocked()).to.deep.equal([mallory.user]);
    for (const device of [phone, again]) {
      const chat = await conversationOf(device, "group");
      await chat.settled();
      expect(await textsIn(chat)).to.not.include("noise");
    }
    expect(shown).to.deep.equal([[], []]);
    await phone.unblock(mallory.user);
    await eventually(() => expect([alice, again, added].map((device) => device.blocked())).to.deep.equal([[], [], []]));
    expect(await textsIn(mine)).to.include("noise");
  });

  it("is known before there is a connection", async () => {
    const store = memoryStore();
    const alice = await people.online(named("alice"), { store });
    await alice.block("somebody");
    await alice.close();
    people.forget(alice);
    const offline = await people.open(named("alice"), { store });
    expect(offline.blocked()).to.deep.equal(["somebody"]);
    await refusal(offline.unblock("somebody"), "offline");
    expect(offline.blocked()).to.deep.equal(["somebody"]);
  });

  it("is not for oneself, nor for what is no user id", async () => {
    const alice = await people.online(named("alice"));
    await refusal(alice.block(alice.user), "invalid-argument");
    await refusal(alice.block("no body"), "invalid-argument");
  });

  it("hides one's presence from them, and nobody else", async () => {
    const { alice, mallory } = await direct();
    const events: PresenceEvent[] = [];
    mallory.on("presence", (event) => events.push(event));
    await mallory.presence.watch([alice.user]);
    await eventually(() => expect(events).to.have.length(1));
    await alice.block(mallory.user);
    const gone = { user: alice.user, online: false, lastSeen: null };
    await eventually(() => expect(events.slice(1)).to.deep.equal([gone]));
    await mallory.presence.watch([alice.user]);
    expect(events).to.have.length(2);
    const seen: PresenceEvent[] = [];
    alice.on("presence", (event) => seen.push(event));
    await alice.presence.watch([mallory.user]);
    await eventually(() => expect(seen).to.deep.equal([{ user: mallory.user, online: true, lastSeen: null }]));
  });
});
