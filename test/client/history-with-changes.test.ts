import { expect } from "chai";
import {
  memoryStore,
  type Client,
  type ClientStore,
  type Conversation,
  type HistoryPage,
  type Message,
  type RecordChange,
} from "../../src/client/index.ts";
import { eventually } from "../support/eventually.ts";
import { coreOf } from "../support/held-state.ts";
import { joined } from "../support/joined.ts";
import { dataOf, MaliciousNode, ok, refused } from "../support/malicious-node.ts";
import { People } from "../support/people.ts";
import { refusal } from "../support/refusal.ts";
import { messageOf, pagesBack, pagesOn, shownBy, shownOf } from "../support/shown.ts";

const soon = { timeout: 60_000 };

/** Everything in a store, as text. */
async function wordsIn(store: ClientStore): Promise<string> {
  const opened = await store.open();
  const texts: string[] = [];
  for (const table of ["entries", "message-changes", "message-places", "orphans", "outbox", "conversations"]) {
    for (const { bytes } of await opened.list(table)) texts.push(plain(bytes));
  }
  await opened.close();
  return texts.join("\n");
}

const textsOf = ({ messages }: Pick<HistoryPage, "messages">): string[] =>
  messages.map((one) => ("text" in one ? one.text : one.reason));

/** A store that tells what is written to it. */
function watched(inner: ClientStore, written: Uint8Array[]): ClientStore {
  return {
    async open() {
      const opened = await inner.open();
      const write = (changes: readonly RecordChange[]) => {
        for (const { bytes } of changes) if (bytes) written.push(bytes);
        return opened.write(changes);
      };
      const { get, list, close } = opened;
      return { get: get.bind(opened), list: list.bind(opened), close: close.bind(opened), write };
    },
  };
}

/** Bytes stand in records as base64. */
const plain = (bytes: Uint8Array): string =>
  Buffer.from(bytes)
    .toString()
    .replace(/"\$bytes":"([^"]*)"/g, (_all, base64: string) => Buffer.from(base64, "base64").toString());

describe("pages of a conversation whose messages were changed", function () {
  this.timeout(180_000);
  let node: MaliciousNode;
  let people: People;
  before(async () => {
    node = await MaliciousNode.start();
  });
  after(() => node.close());
  beforeEach(() => {
    people = new People(() => node.url);
  });
  afterEach(async () => {
    node.behave();
    await people.close();
  });

  /** Ann and ben talk: 60 messages, of which some are edited, retracted and reacted to, soon after or much later. */
  async function talk(annStore = memoryStore()): Promise<{ ann: Client; chat: Conversation; back: Conversation }> {
    const ann = await people.online(`ann-${people.all().length}-${Date.now()}`, { store: annStore });
    const ben = await people.online(`ben-${people.all().length}-${Date.now()}`);
    const chat = await ann.direct(ben.user);
    const first = chat.send("ann 0");
    await first.reached("delivered", soon);
    const back = await ben.direct(ann.user);
    const mine: Message[] = [first];
    const theirs: Message[] = [];
    for (let turn = 1; turn < 30; turn += 1) {
      mine.push(chat.send(turn % 7 === 0 ? { text: `ann ${turn}`, replyTo: first } : `ann ${turn}`));
      theirs.push(back.send(`ben ${turn}`));
      if (turn % 5 === 0) await chat.edit(mine[turn - 2]!, `ann ${turn - 2}, better`);
      if (turn % 6 === 0) await chat.retract(mine[turn - 3]!);
    }
    await Promise.all([...mine, ...theirs].map((message) => message.reached("accepted", soon)));
    await ben.sync();
    for (const turn of [1, 4, 5, 10]) await back.react(mine[turn]!.id, "👍");
    await chat.edit(first, "ann 0, at last");
    await chat.retract(mine[2]!);
    await back.edit(theirs[0]!, "ben 1, at last");
    await chat.react(theirs[1]!.id, "🎉");
    await chat.react(theirs[1]!.id, "🎉", { remove: true });
    await back.react(theirs[1]!.id, "🤔");
    await Promise.all([chat.send("end").reached("accepted", soon), back.send("end").reached("accepted", soon)]);
    await Promise.all([ann.sync(), ben.sync()]);
    await Promise.all([chat.settled(), back.settled()]);
    return { ann, chat, back };
  }

  it("are on a device that was added later, byte by byte, what the old one shows", async () => {
    const { ann, chat, back } = await talk();
    const shown = await shownBy(chat);
    expect(shown).to.equal(await shownBy(back));
    expect(shown)
      .to.include("ann 0, at last")
      .and.include('"isRetracted": true')
      .and.include("🤔")
      .and.not.include("🎉");
    const second = await people.linked(ann);
    const there = await joined(second, chat.id);
    expect(await shownBy(there, 7)).to.equal(shown);
    const third = await people.linked(ann);
    const on = await pagesOn(await joined(third, chat.id), 7);
    expect(JSON.stringify(on.map(shownOf), null, 1)).to.equal(shown);
    expect(people.faults).to.deep.equal([]);
  });

  it("are right wherever one begins, though what changed a message lies far behind it", async () => {
    const { ann, chat } = await talk();
    const all = await pagesBack(chat);
    const place = all[12]!.sequence!;
    const second = await people.linked(ann);
    const there = await joined(second, chat.id);
    const shown = (messages: readonly object[]): object[] => messages.map((one) => shownOf(one as Message));
    const page = await there.history({ before: place, limit: 5 });
    expect(shown(page.messages)).to.deep.equal(shown(all.slice(7, 12)));
    expect(page).to.include({ earlier: "more", isComplete: true, after: place - 1 });
    const next = await there.history({ after: page.after!, limit: 5 });
    expect(shown(next.messages)).to.deep.equal(shown(all.slice(12, 17)));
    const between = await there.history({ after: all[3]!.sequence!, before: all[6]!.sequence! });
    expect(shown(between.messages)).to.deep.equal(shown(all.slice(4, 6)));
    expect(people.faults).to.deep.equal([]);
  });

  it("update the messages that are held when what changed them is read later", async () => {
    const { ann, chat } = await talk();
    const second = await people.linked(ann);
    const there = await joined(second, chat.id);
    const page = await there.history({ before: 4 });
    const first = page.messages[0] as Message;
    expect(first.text).to.equal("ann 0, at last");
    await chat.react(first.id, "🌱");
    await eventually(() => expect([...first.reactions.keys()]).to.deep.equal(["🌱"]));
    expect((await there.history({ before: 4 })).messages[0]).to.equal(first);
  });

  it("say when not all that changed them could be asked for", async () => {
    const store = memoryStore();
    const { ann, chat } = await talk();
    const second = await people.linked(ann, { store });
    const there = await joined(second, chat.id);
    const held = await there.history({ limit: 3 });
    node.answer("history:read", ({ forward, request }) =>
      (request.before ?? Infinity) <= 16 ? forward() : refused("unavailable"),
    );
    await refusal(there.history({ before: 16 }), "unavailable");
    await second.close();
    people.forget(second);
    const offline = await people.open(ann.user, { store });
    const chatOffline = offline.conversation(chat.id)!;
    const page = await chatOffline.history({ limit: 3 });
    expect(page).to.deep.include({ isComplete: true, before: held.before });
    const lost = await chatOffline.history({ before: 16 });
    expect(lost).to.include({ isComplete: false });
    const textsThen = textsOf(lost);
    const apart = await chatOffline.history({ before: 20 });
    expect(apart).to.include({ isComplete: false });
    expect(textsOf(apart)).to.deep.equal(textsThen);
    node.behave();
    await offline.connect();
    const again = await chatOffline.history({ before: 16 });
    expect(again).to.include({ isComplete: true });
    const all = (await pagesBack(chat)).filter(({ sequence }) => sequence! < 16);
    expect(textsOf(again))
      .to.deep.equal(textsOf({ messages: all }))
      .and.not.deep.equal(textsThen);
  });

  it("say where a device that has no connection may have more of them later", async () => {
    const store = memoryStore();
    const { ann, chat } = await talk();
    const second = await people.linked(ann, { store });
    await joined(second, chat.id);
    await second.close();
    people.forget(second);
    const offline = await people.open(ann.user, { store });
    const page = await offline.conversation(chat.id)!.history();
    expect(page).to.deep.include({ messages: [], before: undefined, after: undefined, earlier: "not-now" });
    await offline.connect();
    expect((await offline.conversation(chat.id)!.history({ limit: 5 })).messages).to.have.length(5);
  });

  it("say where the conversation begins, what retention has removed, and what is not for this user", async () => {
    const { chat } = await talk();
    const [oldest] = await pagesBack(chat);
    const page = await chat.history({ before: oldest!.sequence! });
    expect(page).to.deep.include({ messages: [], before: undefined, earlier: "nothing", isComplete: true });

    const { ann, chat: other } = await talk();
    const second = await people.linked(ann);
    const there = await joined(second, other.id);
    node.answer("history:read", async ({ forward }) => {
      const all = dataOf(await forward());
      const entries = all.entries.filter(({ sequence }) => sequence > 20);
      return ok<"history:read">({ entries, first: 21, floor: 20 });
    });
    const removed = await there.history({ before: 21 });
    expect(removed).to.deep.include({ messages: [], before: undefined, earlier: "removed" });
    const lowest = await there.history({ after: 0, limit: 1 });
    expect(lowest).to.include({ before: undefined, earlier: "removed" });
    expect(lowest.messages[0]!.sequence).to.be.greaterThan(20);
    node.behave();

    const team = await ann.createGroup({ members: [] });
    await team.send("before zoe").reached("accepted", soon);
    const zoe = await people.online(`zoe-${Date.now()}`);
    await team.add(zoe.user);
    await team.send("with zoe").reached("delivered", soon);
    const theirs = await joined(zoe, team.id);
    const [only] = await pagesBack(theirs);
    const before = await theirs.history({ before: only!.sequence! });
    expect(before).to.deep.include({ messages: [], before: undefined, earlier: "not-shared" });
  });

  it("are none for limits and places that make no sense, and end when they are told to", async () => {
    const { chat } = await talk();
    for (const options of [{ limit: 0 }, { limit: 1.5 }, { limit: 10_001 }, { before: -1 }, { after: Number.NaN }]) {
      await refusal(chat.history(options), "invalid-argument");
    }
    await refusal(chat.history({ signal: AbortSignal.abort() }), "aborted");
  });

  it("leave nothing of what was retracted in a store, on the device that heard it and on one that reads it later", async () => {
    const stores = [memoryStore(), memoryStore()];
    const ann = await people.online(`ann-${Date.now()}`, { store: stores[0]! });
    const ben = await people.online(`ben-${Date.now()}`);
    const chat = await ben.direct(ann.user);
    const secret = chat.send("a secret");
    await secret.reached("delivered", soon);
    await chat.edit(secret, "a secret told twice");
    const back = await joined(ann, chat.id);
    await eventually(() => messageOf(back, "a secret told twice"));
    await back.react(secret.id, "🫢");
    await eventually(() => expect([...secret.reactions.keys()]).to.deep.equal(["🫢"]));
    await chat.retract(secret);
    await chat.send("the end").reached("delivered", soon);
    const written: Uint8Array[] = [];
    const second = await people.linked(ann, { store: watched(stores[1]!, written) });
    const there = await joined(second, chat.id);
    expect((await pagesBack(there)).map((one) => ("text" in one ? one.text : one.reason))).to.deep.equal([
      "",
      "the end",
    ]);
    const words = written.map(plain).join("\n");
    expect(words).to.include("the end").and.not.include("a secret");
    for (const client of [ann, second]) {
      expect(await coreOf(client).store.list("message-changes")).to.have.length(1);
      await client.close();
      people.forget(client);
    }
    for (const store of stores) {
      const kept = await wordsIn(store);
      expect(kept).to.include("the end");
      for (const gone of ["a secret", "told twice", "🫢"]) expect(kept).to.not.include(gone);
    }
  });
});
