import { expect } from "chai";
import type { Client, Conversation, Group, Message } from "../../src/client/index.ts";
import { unheard } from "../../src/client/conversation/group-naming.ts";
import { encodeContent, type KnownContent } from "../../src/crypto/content.ts";
import { encodeTaggedFields } from "../../src/crypto/tagged-fields.ts";
import { idToBytes, newIdAfter, type MessageId } from "../../src/protocol/ids.ts";
import { eventually } from "../support/eventually.ts";
import { startGatewayNode, type GatewayNode } from "../support/gateway-node.ts";
import { actorOf, groupOf } from "../support/group-sides.ts";
import { coreOf } from "../support/held-state.ts";
import { People } from "../support/people.ts";
import { messageOf, shownBy } from "../support/shown.ts";

const soon = { timeout: 60_000 };

/** Says whatever the rules say to an honest client; its id. Accepted when it resolves. */
async function sayRaw(chat: Conversation, content: KnownContent, id?: MessageId): Promise<MessageId> {
  const { outbox } = actorOf(chat);
  const used = id ?? newIdAfter<MessageId>(outbox.lastId);
  await outbox.add(used, encodeContent(content), Date.now(), unheard);
  await eventually(() => expect(outbox.contentOf(used)).to.equal(undefined));
  return used;
}

const sentAt = 1_700_000_000_000;

describe("changes of messages that may not be", function () {
  this.timeout(120_000);
  let node: GatewayNode;
  let people: People;
  let round = 0;
  let alice: Client;
  let mallory: Client;
  let bob: Client;
  let mine: Group;
  let theirs: Group;
  let bobs: Group;
  let words: Message;
  before(async () => {
    node = await startGatewayNode();
  });
  after(() => node.close());
  beforeEach(async () => {
    round += 1;
    people = new People(() => node.url);
    alice = await people.online(`alice-${round}`);
    mallory = await people.online(`mallory-${round}`);
    bob = await people.online(`bob-${round}`);
    mine = await alice.createGroup({ members: [mallory.user, bob.user] });
    theirs = await groupOf(mallory);
    bobs = await groupOf(bob);
    words = mine.send("my words");
    await words.reached("delivered", soon);
  });
  afterEach(() => people.close());

  async function allAgree(): Promise<void> {
    await mine.send("and on").reached("delivered", soon);
    await Promise.all([mine, theirs, bobs].map((chat) => chat.settled()));
    expect(await shownBy(mine)).to.equal(await shownBy(bobs));
    expect(await shownBy(theirs)).to.equal(await shownBy(bobs));
  }

  it("by another member than the author change nothing, and leave nothing behind", async () => {
    await sayRaw(theirs, { kind: "edit", target: words.id, text: "not my words", sentAt });
    await sayRaw(theirs, { kind: "retraction", target: words.id, sentAt });
    await allAgree();
    expect(await messageOf(bobs, "my words")).to.include({ isRetracted: false, editedAt: undefined });
    for (const client of [alice, bob, mallory]) {
      expect(await coreOf(client).store.list("message-changes")).to.deep.equal([]);
      const entries = await coreOf(client).store.list("entries");
      expect(entries.map(({ bytes }) => Buffer.from(bytes).toString()).join()).to.not.include(
        Buffer.from("not my words").toString("base64").slice(0, 12),
      );
    }
    expect(people.faults).to.deep.equal([]);
  });

  it("of a message of another conversation change nothing, in either", async () => {
    const direct = await mallory.direct(alice.user);
    await direct.send("hello").reached("delivered", soon);
    await sayRaw(direct, { kind: "reaction", target: words.id, emoji: "👎", isRemoved: false, sentAt });
    await direct.send("and on").reached("delivered", soon);
    await allAgree();
    expect([...words.reactions]).to.deep.equal([]);
    expect([...(await messageOf(mine, "my words")).reactions]).to.deep.equal([]);
    const there = alice.conversation(direct.id)!;
    expect((await there.history()).messages).to.have.length(2);
  });

  it("of a message that comes only after them change nothing", async () => {
    const later = newIdAfter<MessageId>(actorOf(theirs).outbox.lastId);
    const id = newIdAfter<MessageId>(later);
    await sayRaw(bobs, { kind: "reaction", target: id, emoji: "👍", isRemoved: false, sentAt });
    await sayRaw(theirs, { kind: "retraction", target: id, sentAt }, later);
    await sayRaw(theirs, { kind: "text", text: "said after all", sentAt }, id);
    const third = newIdAfter<MessageId>(id);
    await sayRaw(theirs, { kind: "edit", target: id, text: "and edited", sentAt }, third);
    await allAgree();
    expect(await messageOf(bobs, "and edited")).to.include({ isRetracted: false, id });
    expect([...(await messageOf(bobs, "and edited")).reactions]).to.deep.equal([]);
    const second = await people.linked(alice);
    await eventually(async () => {
      await second.sync();
      expect(second.conversation(mine.id)?.isJoined).to.equal(true);
    });
    expect(await shownBy(second.conversation(mine.id)!)).to.equal(await shownBy(bobs));
  });

  it("that are malformed are messages that could not be opened, and hold up nothing", async () => {
    const unopened: string[] = [];
    bobs.on("unopened", ({ reason }) => unopened.push(reason));
    const time = new Uint8Array(8);
    const fields = (kind: number, text: string, target: Uint8Array): [number, Uint8Array][] => [
      [1, Uint8Array.of(kind)],
      [2, time],
      [3, new TextEncoder().encode(text)],
      [7, target],
    ];
    const id = idToBytes(words.id);
    const wrong: [number, Uint8Array][][] = [
      fields(2, "two words", id),
      fields(2, "", id),
      fields(2, "x".repeat(65), id),
      fields(2, "a\u0007", id),
      [...fields(2, "👍", id), [9, Uint8Array.of(0)]],
      fields(3, "edited", id.slice(1)),
      fields(3, "edited", new Uint8Array(16)),
      fields(4, "a retraction says nothing", id),
      [...fields(3, "edited", id).slice(0, 4), [8, Uint8Array.of(1, 0x62, 1, 0x61)]],
      [...fields(3, "edited", id).slice(0, 4), [8, Uint8Array.of(3, 0x20, 0x20, 0x20)]],
      [...fields(3, "edited", id).slice(0, 4), [8, new Uint8Array()]],
    ];
    const { outbox } = actorOf(theirs);
    for (const one of wrong) {
      await outbox.add(newIdAfter<MessageId>(outbox.lastId), encodeTaggedFields(1, one), sentAt, unheard);
    }
    await mine.send("and on").reached("accepted", soon);
    await eventually(() => expect(unopened).to.have.length(wrong.length));
    expect(new Set(unopened)).to.deep.equal(new Set(["undecryptable"]));
    await eventually(async () => expect(await messageOf(bobs, "and on")).to.include({ state: "delivered" }));
    expect(await messageOf(bobs, "my words")).to.include({ isRetracted: false, editedAt: undefined });
  });

  it("of who is blocked are not shown in a group, and are when the block is undone", async () => {
    await theirs.react(words.id, "👎");
    await bobs.react(words.id, "👍");
    await eventually(() => expect([...words.reactions.keys()]).to.have.members(["👎", "👍"]));
    const changed: Message[] = [];
    mine.on("message-changed", (message) => changed.push(message));
    await alice.block(mallory.user);
    await eventually(() => expect([...words.reactions.keys()]).to.deep.equal(["👍"]));
    await theirs.react(words.id, "🤮");
    await mine.send("and on").reached("delivered", soon);
    await mine.settled();
    expect([...words.reactions.keys()]).to.deep.equal(["👍"]);
    expect(changed).to.deep.equal([words]);
    await alice.unblock(mallory.user);
    await eventually(() => expect([...words.reactions.keys()]).to.have.members(["👎", "👍", "🤮"]));
  });

  it("of who has started over do not touch what was written before, whoever says that they have", async () => {
    await theirs.send("the old mallory's").reached("delivered", soon);
    const old = await messageOf(bobs, "the old mallory's");
    await mallory.close();
    people.forget(mallory);
    const again = await people.open(mallory.user);
    await again.startOver();
    await again.sync();
    const group = await groupOf(again);
    await sayRaw(group, { kind: "retraction", target: old.id, sentAt });
    await sayRaw(group, { kind: "edit", target: old.id, text: "changed my mind", sentAt });
    await sayRaw(group, { kind: "reaction", target: old.id, emoji: "👀", isRemoved: false, sentAt });
    await eventually(() => expect([...old.reactions.keys()]).to.deep.equal(["👀"]));
    expect(old).to.include({ text: "the old mallory's", isRetracted: false });
    await bobs.settled();
    expect(await messageOf(bobs, "the old mallory's")).to.include({ isRetracted: false });
  });

  it("of who is in doubt count when a person has compared, and not before", async () => {
    const check = await bob.verification(mallory.user);
    await check.confirm();
    await mallory.close();
    people.forget(mallory);
    const again = await people.open(mallory.user);
    await again.startOver();
    await again.sync();
    const group = await groupOf(again);
    const held = await messageOf(bobs, "my words");
    const changed: Message[] = [];
    bobs.on("message-changed", (message) => changed.push(message));
    await eventually(() => expect(people.faults).to.include(`${bob.user}: identity-changed`));
    await sayRaw(group, { kind: "reaction", target: held.id, emoji: "👀", isRemoved: false, sentAt });
    await eventually(() => expect([...words.reactions.keys()]).to.deep.equal(["👀"]));
    await bob.sync();
    await bobs.settled();
    expect([...held.reactions]).to.deep.equal([]);
    expect(changed).to.deep.equal([]);
    await (await bob.verification(mallory.user)).confirm();
    await eventually(() => expect([...held.reactions.keys()]).to.deep.equal(["👀"]));
    expect(changed).to.deep.equal([held]);
  });

  it("are no more than twenty of one user's on one message", async () => {
    for (let index = 0; index < 22; index += 1) {
      const emoji = String.fromCodePoint(0x1f600 + index);
      await sayRaw(theirs, { kind: "reaction", target: words.id, emoji, isRemoved: false, sentAt });
    }
    await allAgree();
    expect([...words.reactions.keys()]).to.have.length(20);
  });
});
