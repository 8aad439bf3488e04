import { expect } from "chai";
import { fileStore } from "../../src/client/node.ts";
import { memoryStore, type Client, type Conversation, type HistoryPage } from "../../src/client/index.ts";
import { tables } from "../../src/client/records.ts";
import { silentTelemetry } from "../../src/actors/ports/silent-telemetry.ts";
import { purgeExpired } from "../../workers/purge.ts";
import { eventually } from "../support/eventually.ts";
import { startGatewayNode, type GatewayNode } from "../support/gateway-node.ts";
import { groupOf } from "../support/group-sides.ts";
import { coreOf } from "../support/held-state.ts";
import { People } from "../support/people.ts";
import { refusal } from "../support/refusal.ts";
import { tempFolder } from "../support/temp-folder.ts";

const soon = { timeout: 60_000 };
const linesOf = ({ messages }: HistoryPage) =>
  messages.map((message) => ("reason" in message ? `(${message.reason})` : message.text));
const history = async (conversation: Conversation) => linesOf(await conversation.history());

describe("messages that disappear", function () {
  this.timeout(120_000);
  let node: GatewayNode;
  let people: People;
  beforeEach(async () => {
    node = await startGatewayNode();
    people = new People(() => node.url);
  });
  afterEach(async () => {
    await people.close();
    await node.close();
    expect(people.faults).to.deep.equal([]);
  });

  const purge = () => purgeExpired({ store: node.store, telemetry: silentTelemetry, now: () => Date.now() });
  const directOf = async (client: Client, peer: string) => {
    await eventually(() => expect(client.conversations().map((one) => one.peer)).to.include(peer));
    return client.conversations().find((one) => one.peer === peer)!;
  };
  async function pair(store = memoryStore()) {
    const alice = await people.online("alice");
    const bob = await people.online("bob", { store });
    const chat = await alice.direct("bob");
    await chat.send("stays").reached("delivered", soon);
    return { alice, bob, chat, back: await directOf(bob, "alice") };
  }

  it("last for their time from when they are read, and on the sender's device from when they are accepted", async () => {
    const { chat, back } = await pair();
    const gone: string[] = [];
    for (const side of [chat, back]) side.on("disappeared", ({ id, sender }) => gone.push(`${id} ${sender.user}`));
    const message = chat.send({ text: "for a moment", expiresIn: 1 });
    await message.reached("delivered", soon);
    await eventually(async () => expect(await history(chat)).to.deep.equal(["stays"]));
    expect(gone).to.deep.equal([`${message.id} alice`]);
    expect(await history(back), "nobody has read it yet").to.deep.equal(["stays", "for a moment"]);
    const unread = await back.unread();
    await back.markRead(unread.at(-1)!);
    expect(await history(back)).to.deep.equal(["stays", "for a moment"]);
    await eventually(async () => expect(await history(back)).to.deep.equal(["stays"]));
    expect(gone).to.have.length(2);
    expect((await chat.history()).floor).to.equal(0);
  });

  it("go while the client is closed: what is over by the next start is not shown, and not in its store", async () => {
    const folder = await tempFolder();
    const store = fileStore(folder.path, { passphrase: "a passphrase", kdf: { opslimit: 1, memlimitBytes: 8192 } });
    const { alice, bob, chat, back } = await pair(store);
    await chat.send({ text: "over by then", expiresIn: 2 }).reached("delivered", soon);
    await back.markRead((await back.unread()).at(-1)!);
    people.forget(bob);
    await bob.close();
    const later = Date.now() + 2_100;
    await eventually(() => expect(Date.now()).to.be.above(later));
    const again = await people.open("bob", { store });
    const shown = again.conversations().find((one) => one.peer === alice.user)!;
    expect(await history(shown)).to.deep.equal(["stays"]);
    people.forget(again);
    await again.close();
    const raw = await store.open();
    const entries = (await raw.list("entries")).map(({ bytes }) => new TextDecoder().decode(bytes));
    const gone = entries.filter((text) => text.includes('"gone"'));
    expect(gone).to.have.length(1);
    expect(gone[0], "nothing of what it said").to.include('"content":null');
    expect(await raw.list("disappearing")).to.deep.equal([]);
    await raw.close();
    await folder.remove();
  });

  it("take with them what became of them: edits, reactions, and the words that would find them; later devices get none of it", async () => {
    const [mine, theirs] = [memoryStore(), memoryStore()];
    const alice = await people.online("alice", { store: mine });
    const bob = await people.online("bob", { store: theirs });
    const chat = await alice.direct("bob");
    const message = chat.send({ text: "marmalade once", expiresIn: 1 });
    await chat.edit(message, "marmalade twice");
    await message.reached("delivered", soon);
    const back = await directOf(bob, "alice");
    await eventually(async () => expect(await history(back)).to.deep.equal(["marmalade twice"]));
    expect(await bob.search("marmalade")).to.have.length(1);
    const [got] = await back.unread();
    await back.react(got!, "👍");
    expect(got).to.include({ expiresIn: 1 });
    const before = [message, got!].map(({ sequence, acceptedAt, sentAt }) => ({ sequence, acceptedAt, sentAt }));
    await back.markRead(got!);
    for (const side of [chat, back]) await eventually(async () => expect(await history(side)).to.deep.equal([]));
    await refusal(chat.edit(message, "marmalade thrice"), "message-unknown");
    for (const [index, held] of [message, got!].entries()) {
      await eventually(() =>
        expect(held).to.include({ isGone: true, text: "", editedAt: undefined, isRetracted: false }),
      );
      expect([...held.reactions]).to.deep.equal([]);
      expect(held).to.deep.include(before[index]);
      expect(held.state).to.equal("read");
    }
    for (const client of [alice, bob]) {
      await Promise.all(client.conversations().map((one) => one.settled()));
      expect(await client.search("marmalade")).to.deep.equal([]);
      people.forget(client);
      await client.close();
    }
    for (const store of [mine, theirs]) {
      const raw = await store.open();
      for (const table of Object.values(tables)) {
        const kept = (await raw.list(table)).map(({ bytes }) => Buffer.from(bytes).toString("latin1")).join("");
        expect(kept, table).to.not.include("marmalade");
      }
      await raw.close();
    }
  });

  it("are not for a device that is added later, which is shown that they were there", async () => {
    const { alice, bob, chat } = await pair();
    await chat.send({ text: "not for later", expiresIn: 3600 }).reached("delivered", soon);
    await chat.settled();
    const second = await people.linked(alice);
    const seen = await directOf(second, bob.user);
    await eventually(async () => expect(await history(seen)).to.deep.equal(["stays", "(not-kept)"]));
    await eventually(async () => {
      const report = await purge();
      expect(report.tables.find(({ table }) => table === "disappearing")!.rows).to.equal(1);
    });
    expect(await history(seen)).to.deep.equal(["stays", "(gone)"]);
  });

  it("go from the node when every device has them; who comes later goes on without, and nobody's log forks", async () => {
    const store = memoryStore();
    const { alice, bob, chat } = await pair(store);
    const phone = await people.linked(alice);
    await eventually(() => expect(chat.members).to.have.length(3));
    people.forget(bob);
    await bob.close();
    await chat.send({ text: "first", expiresIn: 3600 }).reached("accepted", soon);
    await chat.send("second").reached("accepted", soon);
    const onPhone = await directOf(phone, bob.user);
    await eventually(async () => expect(await history(onPhone)).to.deep.equal(["stays", "first", "second"]));
    await chat.settled();
    const early = await purge();
    expect(early.tables.find(({ table }) => table === "disappearing")!.rows, "bob has still to come").to.equal(0);
    const later = await purgeExpired({
      store: node.store,
      telemetry: silentTelemetry,
      now: () => Date.now() + 31 * 86_400_000,
    });
    expect(later.tables.find(({ table }) => table === "disappearing")!.rows).to.equal(1);
    const again = await people.online("bob", { store });
    const back = await directOf(again, alice.user);
    await eventually(async () => expect(await history(back)).to.deep.equal(["stays", "(gone)", "second"]));
    const answer = back.send("heard");
    await answer.reached("delivered", soon);
    await chat.send("on we go").reached("delivered", soon);
    const receipts = await (
      await chat.history()
    ).messages
      .flatMap((one) => ("receipts" in one ? [one] : []))
      .at(-1)!
      .receipts();
    expect(receipts[0]!.deliveredAt).to.be.instanceOf(Date);
  });

  it("leave no text of an edit on a device that has not got what it changes", async () => {
    const { alice, bob, chat } = await pair();
    const message = chat.send({ text: "not for later", expiresIn: 3600 });
    await message.reached("delivered", soon);
    const store = memoryStore();
    const second = await people.linked(alice, { store });
    const seen = await directOf(second, bob.user);
    await eventually(() => expect(seen.isJoined).to.equal(true));
    await chat.edit(message, "marmalade instead");
    await chat.send("and on").reached("delivered", soon);
    await eventually(async () => expect(await history(seen)).to.include("and on"));
    await seen.settled();
    expect(await second.search("marmalade")).to.deep.equal([]);
    const rows = [tables.entries, tables.messageChanges, tables.words].map((table) => coreOf(second).store.list(table));
    const held = (await Promise.all(rows)).flat().map(({ bytes }) => Buffer.from(bytes).toString("latin1"));
    expect(held.join()).to.not.include("marmalade");
  });

  it("are all of a group's, when owners or admins say so; the shorter time counts", async () => {
    const alice = await people.online("alice");
    const bob = await people.online("bob");
    const group = await alice.createGroup({ members: [bob.user] });
    const side = await groupOf(bob);
    const facts: string[] = [];
    side.on("changed", (change) => facts.push(...change.facts));
    expect([group.disappearing, side.disappearing]).to.deep.equal([null, null]);
    await refusal(side.setDisappearing(60), "forbidden");
    for (const wrong of [0, 1.5, -1, 365 * 86_400 + 1]) {
      await refusal(group.setDisappearing(wrong), "invalid-argument");
    }
    await group.setDisappearing(60);
    await eventually(() => expect(side.disappearing).to.equal(60));
    expect(facts).to.include("disappearing").and.not.include("roles");
    const sent = group.send("by the group's word");
    await sent.reached("delivered", soon);
    await group.send({ text: "shorter", expiresIn: 1 }).reached("delivered", soon);
    await group.send({ text: "not longer", expiresIn: 3600 }).reached("delivered", soon);
    const got = await side.unread();
    const lifetimes = got.map(({ expiresIn }) => expiresIn);
    expect(lifetimes).to.deep.equal([60, 1, 60]);
    await eventually(async () => expect(await history(group)).to.deep.equal(["by the group's word", "not longer"]));
    await group.setDisappearing(null);
    await eventually(() => expect(side.disappearing).to.equal(null));
    await group.send("stays").reached("delivered", soon);
    const last = (await side.unread()).at(-1)!;
    expect(last.expiresIn).to.equal(undefined);
  });

  it("do not take changes of other messages along: a later device sees that a message from before was taken back", async () => {
    const alice = await people.online("alice");
    const bob = await people.online("bob");
    const group = await alice.createGroup({ members: [bob.user] });
    const message = group.send("from before");
    await message.reached("delivered", soon);
    await group.setDisappearing(60);
    await group.retract(message);
    await eventually(() => expect(group.unsent()).to.deep.equal([]));
    const second = await people.linked(alice);
    const seen = await groupOf(second);
    await eventually(async () => {
      const [shown] = (await seen.history()).messages;
      expect(shown && "isRetracted" in shown && shown.isRetracted).to.equal(true);
    });
  });
});
