import { expect } from "chai";
import { memoryStore, type Client, type Message } from "../../src/client/index.ts";
import type { MessageId } from "../../src/protocol/ids.ts";
import { newId } from "../../src/protocol/ids.ts";
import { eventually } from "../support/eventually.ts";
import { refusal } from "../support/refusal.ts";
import { messageOf, shownBy } from "../support/shown.ts";
import { eachTestWithAPair } from "../support/talking-pair.ts";

const soon = { timeout: 60_000 };
const reactionsOf = (message: Message): object => Object.fromEntries(message.reactions);

describe("changing messages", function () {
  this.timeout(120_000);
  const pair = eachTestWithAPair();

  const changedFor = (client: Client): Message[] => {
    const messages: Message[] = [];
    client.on("message-changed", ({ message }) => messages.push(message));
    return messages;
  };

  it("shows a reaction at once where it is made, and then to the other side, on the message that is held there", async () => {
    const theirs = await messageOf(pair.bob.chat, "first");
    const mine = await messageOf(pair.alice.chat, "first");
    const changed = changedFor(pair.alice.client);
    const told: Message[] = [];
    mine.on("changed", (message) => told.push(message));
    await pair.bob.chat.react(theirs, "👍");
    expect(reactionsOf(theirs)).to.deep.equal({ "👍": [pair.bob.client.user] });
    await eventually(() => expect(reactionsOf(mine)).to.deep.equal({ "👍": [pair.bob.client.user] }));
    expect(mine.lastChange).to.deep.equal({
      kind: "reaction",
      user: pair.bob.client.user,
      emoji: "👍",
      isRemoved: false,
    });
    expect(told).to.deep.equal([mine]);
    expect(changed).to.deep.equal([mine]);
    await pair.alice.chat.react(mine, "👍");
    await eventually(() =>
      expect(reactionsOf(theirs)).to.deep.equal({ "👍": [pair.bob.client.user, pair.alice.client.user] }),
    );
    await pair.bob.chat.react(theirs, "👍", { remove: true });
    await eventually(() => expect(reactionsOf(mine)).to.deep.equal({ "👍": [pair.alice.client.user] }));
  });

  it("says nothing twice: a reaction that is there already, or is not there to be taken away", async () => {
    const theirs = await messageOf(pair.bob.chat, "first");
    await pair.bob.chat.react(theirs, "👍", { remove: true });
    await pair.bob.chat.react(theirs, "👍");
    await pair.bob.chat.react(theirs, "👍");
    const last = pair.bob.chat.send("last");
    await last.reached("accepted", soon);
    expect(last.sequence! - theirs.sequence!).to.equal(2);
  });

  it("gives a text another one, with a new set of mentions, and keeps what it answers to", async () => {
    const first = await messageOf(pair.alice.chat, "first");
    const { user } = pair.bob.client;
    const mine = pair.alice.chat.send({ text: "helo", replyTo: first, mentions: [user, user] });
    await mine.reached("delivered", soon);
    const theirs = await messageOf(pair.bob.chat, "helo");
    expect(theirs).to.include({ replyTo: first.id, editedAt: undefined });
    expect(theirs.mentions).to.deep.equal([user]);
    await pair.alice.chat.edit(mine, "hello");
    expect(mine.text).to.equal("hello");
    await eventually(() => expect(theirs).to.include({ text: "hello", replyTo: first.id }));
    expect(theirs.editedAt).to.be.an.instanceOf(Date).and.deep.equal(mine.editedAt);
    expect(theirs.mentions).to.deep.equal([]);
    await pair.alice.chat.edit(mine.id, { text: "hello, you", mentions: [user] });
    await eventually(() => expect(theirs.text).to.equal("hello, you"));
    expect(theirs.mentions).to.deep.equal([user]);
    expect(theirs.lastChange).to.deep.equal({ kind: "edit", user: pair.alice.client.user });
  });

  it("takes a message back for good: later words on it have no effect, on either side", async () => {
    const mine = pair.alice.chat.send("too much");
    await mine.reached("delivered", soon);
    const theirs = await messageOf(pair.bob.chat, "too much");
    await pair.bob.chat.react(theirs, "🙈");
    await pair.alice.chat.edit(mine, "much too much");
    await pair.alice.chat.retract(mine);
    expect(mine).to.include({ isRetracted: true, text: "" });
    await eventually(() => expect(theirs).to.include({ isRetracted: true, text: "", editedAt: undefined }));
    expect([...theirs.reactions]).to.deep.equal([]);
    await refusal(pair.alice.chat.edit(mine, "no"), "invalid-argument");
    await refusal(pair.bob.chat.react(theirs, "👍"), "invalid-argument");
    await pair.alice.chat.retract(mine);
    await pair.alice.chat.settled();
    expect(await shownBy(pair.alice.chat)).to.equal(await shownBy(pair.bob.chat));
    expect((await pair.bob.chat.history()).messages.at(-1)).to.equal(theirs);
  });

  it("is no message: nothing is announced, unread or on a page, and nobody's message moves", async () => {
    const theirs = await messageOf(pair.bob.chat, "first");
    await pair.bob.chat.markRead(theirs);
    const announced: string[] = [];
    pair.bob.client.on("message", ({ message }) => announced.push(message.text));
    const mine = await messageOf(pair.alice.chat, "first");
    await pair.alice.chat.react(mine, "🎉");
    await pair.alice.chat.edit(mine, "the first");
    await pair.alice.chat.retract(mine);
    await eventually(() => expect(theirs.isRetracted).to.equal(true));
    expect(announced).to.deep.equal([]);
    expect(await pair.bob.chat.unread()).to.deep.equal([]);
    expect((await pair.bob.chat.history()).messages).to.deep.equal([theirs]);
    expect(pair.alice.chat.unsent()).to.deep.equal([]);
  });

  it("is what unread messages and a loop over new ones show", async () => {
    const stop = new AbortController();
    const live: Message[] = [];
    const reading = (async () => {
      for await (const message of pair.bob.chat.messages({ signal: stop.signal })) live.push(message);
    })();
    const mine = pair.alice.chat.send("one");
    await mine.reached("delivered", soon);
    await pair.alice.chat.edit(mine, "two");
    await eventually(() => expect(live.map(({ text }) => text)).to.deep.equal(["two"]));
    expect((await pair.bob.chat.unread()).map(({ text }) => text)).to.deep.equal(["first", "two"]);
    stop.abort();
    await reading;
  });

  it("waits for a connection, shows meanwhile, and outlives the end of the process", async () => {
    const { store } = pair.alice;
    const { user } = pair.alice.client;
    const theirs = await messageOf(pair.bob.chat, "first");
    await pair.alice.client.close();
    pair.people.forget(pair.alice.client);
    const offline = await pair.people.open(user, { store });
    const chat = offline.conversation(pair.alice.chat.id)!;
    const mine = await messageOf(chat, "first");
    await chat.edit(mine, "edited offline");
    await chat.react(mine, "🌙");
    expect(mine.text).to.equal("edited offline");
    await offline.close();
    pair.people.forget(offline);
    const again = await pair.people.open(user, { store });
    const there = again.conversation(pair.alice.chat.id)!;
    expect(await messageOf(there, "edited offline")).to.have.property("editedAt");
    expect(theirs.text).to.equal("first");
    await again.connect();
    await eventually(() => expect(theirs.text).to.equal("edited offline"));
    await eventually(() => expect(reactionsOf(theirs)).to.deep.equal({ "🌙": [user] }));
    await there.settled();
    expect(await shownBy(there)).to.equal(await shownBy(pair.bob.chat));
  });

  it("of a message that is not sent yet goes with it, and is withdrawn with it", async () => {
    const { store } = pair.alice;
    const { user } = pair.alice.client;
    await pair.alice.client.close();
    pair.people.forget(pair.alice.client);
    const offline = await pair.people.open(user, { store });
    const chat = offline.conversation(pair.alice.chat.id)!;
    const kept = chat.send("draft");
    await chat.edit(kept, "final");
    const withdrawn = chat.send("never");
    await chat.edit(withdrawn, "never ever");
    expect([kept.text, withdrawn.text]).to.deep.equal(["final", "never ever"]);
    expect(await chat.cancel(withdrawn)).to.equal(true);
    await refusal(chat.edit(withdrawn, "again"), "message-unknown");
    await offline.connect();
    await kept.reached("delivered", soon);
    const last = chat.send("last");
    await last.reached("delivered", soon);
    expect(last.sequence! - kept.sequence!).to.equal(2);
    await eventually(async () => expect((await messageOf(pair.bob.chat, "final")).id).to.equal(kept.id));
  });

  it("is taken back where it fails for good", async () => {
    const theirs = await messageOf(pair.bob.chat, "first");
    await pair.alice.client.block(pair.bob.client.user);
    const changed = changedFor(pair.bob.client);
    await pair.bob.chat.react(theirs, "👍");
    expect(reactionsOf(theirs)).to.deep.equal({ "👍": [pair.bob.client.user] });
    await eventually(() => expect(reactionsOf(theirs)).to.deep.equal({}));
    expect(changed).to.deep.equal([theirs, theirs]);
  });

  it("is refused for others' messages, for what is not here, and for what makes no sense", async () => {
    const theirs = await messageOf(pair.bob.chat, "first");
    await refusal(pair.bob.chat.edit(theirs, "mine now"), "forbidden");
    await refusal(pair.bob.chat.retract(theirs), "forbidden");
    await refusal(pair.bob.chat.react(newId<MessageId>(), "👍"), "message-unknown");
    for (const emoji of ["", "two words", "a\nb", "x".repeat(65), "\u202Ex"]) {
      await refusal(pair.bob.chat.react(theirs, emoji), "invalid-argument");
    }
    await refusal(pair.bob.chat.react("first" as MessageId, "👍"), "invalid-argument");
    const mine = await messageOf(pair.alice.chat, "first");
    await refusal(pair.alice.chat.edit(mine, "x".repeat(121 * 1024)), "too-large");
    await refusal(pair.alice.chat.edit(mine, { text: "x", mentions: ["no body"] }), "invalid-argument");
    expect(() => pair.alice.chat.send({ text: "x", replyTo: "nothing" as MessageId })).to.throw("no message");
    const many = Array.from({ length: 65 }, (_, index) => `user-${index}`);
    expect(() => pair.alice.chat.send({ text: "x", mentions: many })).to.throw("mentions");
    const carol = await pair.people.online("carol-who-is-elsewhere");
    const elsewhere = await carol.direct(pair.alice.client.user);
    await refusal(elsewhere.react(theirs, "👍"), "message-unknown");
    await carol.close();
    pair.people.forget(carol);
    await refusal(elsewhere.react(theirs, "👍"), "closed");
  });

  it("is the author's on any of their devices", async () => {
    const phone = await pair.people.linked(pair.alice.client);
    const chat = await eventually(() => {
      const found = phone.conversation(pair.alice.chat.id);
      if (!found?.isJoined) throw new Error("not yet");
      return found;
    });
    const mine = await messageOf(chat, "first");
    await chat.edit(mine, "from the phone");
    const theirs = await eventually(() => messageOf(pair.bob.chat, "from the phone"));
    await eventually(() => messageOf(pair.alice.chat, "from the phone"));
    const sent = chat.send("sent by the phone");
    await sent.reached("accepted", soon);
    await eventually(() => messageOf(pair.alice.chat, "sent by the phone"));
    await pair.alice.chat.retract(sent.id);
    await eventually(() => expect(sent.isRetracted).to.equal(true));
    expect(theirs.sender.device).to.equal(pair.alice.client.device);
  });

  it("holds when everything is closed and opened again", async () => {
    const store = memoryStore();
    const carol = await pair.people.online("carol-of-two-runs", { store });
    const chat = await carol.direct(pair.bob.client.user);
    const message = chat.send("once");
    await message.reached("accepted", soon);
    await chat.edit(message, "twice");
    await chat.react(message, "✌️");
    await chat.settled();
    await eventually(() => expect(pair.bob.client.conversations()).to.have.length(2));
    const before = await shownBy(chat);
    await carol.close();
    pair.people.forget(carol);
    const again = await pair.people.open("carol-of-two-runs", { store });
    expect(await shownBy(again.conversation(chat.id)!)).to.equal(before);
  });
});
