import { expect } from "chai";
import { randomBytes } from "node:crypto";
import type { Client, Conversation, Message } from "../../src/client/index.ts";
import { retractedView } from "../../src/client/conversation/changes/message-view.ts";
import { tables } from "../../src/client/records.ts";
import { newIdAfter, type MessageId } from "../../src/protocol/ids.ts";
import { startBlobNode, type BlobNode } from "../support/blob-node.ts";
import { CrashingStore } from "../support/crashing-store.ts";
import { eventually } from "../support/eventually.ts";
import { actorOf } from "../support/group-sides.ts";
import { coreOf } from "../support/held-state.ts";
import { People } from "../support/people.ts";
import { refusal } from "../support/refusal.ts";

const mebibyte = 1024 * 1024;
const soon = { timeout: 60_000 };

describe("attachments of messages that are taken back", function () {
  this.timeout(120_000);
  let node: BlobNode;
  let people: People;
  let store: CrashingStore;
  let alice: Client;
  let chat: Conversation;
  let arrived: string[];
  beforeEach(async () => {
    node = await startBlobNode();
    people = new People(() => node.url);
    store = new CrashingStore();
    alice = await people.online("alice", { store });
    const bob = await people.online("bob");
    arrived = [];
    bob.on("message", ({ message }) => arrived.push(message.text));
    chat = await alice.direct("bob");
    await chat.send("first").reached("delivered", soon);
  });
  afterEach(async () => {
    await people.close();
    await node.close();
  });

  /** Half of its file is at the node, and the rest never comes. */
  async function halfSent(): Promise<Message> {
    const bytes = randomBytes(3 * mebibyte);
    const stream = (async function* () {
      yield bytes.subarray(0, 1.5 * mebibyte);
      await new Promise<void>(() => undefined);
    })();
    const before = (await node.parts()).length;
    const sent = chat.send({ text: "no", attachments: [{ name: "n", stream, size: bytes.length }] });
    await eventually(async () => expect(await node.parts()).to.have.length(before + 1));
    return sent;
  }

  for (const [how, takeBack] of [
    ["withdrawn", (message: Message) => chat.cancel(message)],
    ["retracted", (message: Message) => chat.retract(message)],
    [
      "withdrawn, and shows as retracted",
      (message: Message) => {
        message.show(retractedView);
        return chat.cancel(message);
      },
    ],
  ] as const) {
    it(`leave nothing at the node where it is ${how} while they are on their way, and nobody hears of it`, async () => {
      const sent = await halfSent();
      const after = chat.send("yes");
      await takeBack(sent);
      await refusal(sent.reached("accepted"), "aborted");
      await after.reached("delivered", soon);
      await eventually(async () => expect(await node.parts()).to.deep.equal([]));
      await eventually(() => expect(arrived).to.deep.equal(["first", "yes"]));
      expect((await chat.history()).messages.map((one) => one.sequence! - after.sequence!)).to.deep.equal([-1, 0]);
    });
  }

  it("go from the node although the power fails when it is taken back", async () => {
    const sent = chat.send({ text: "sent", attachments: [{ name: "n", data: randomBytes(1000) }] });
    await sent.reached("delivered", soon);
    await chat.settled();
    expect(await node.parts()).to.have.length(1);
    store.failAt(1, true);
    chat.retract(sent).catch(() => undefined);
    const disk = await store.survived;
    people.forget(alice);
    await people.online("alice", { store: disk });
    await eventually(async () => expect(await node.parts()).to.deep.equal([]));
  });

  it("go from the node although the power fails when it is withdrawn and nothing of it has been sealed", async () => {
    const waiting = await alice.direct("who-has-no-device-yet");
    const sent = waiting.send({ text: "waits", attachments: [{ name: "n", data: randomBytes(1000) }] });
    await eventually(async () => {
      expect(await node.parts()).to.have.length(1);
      expect(await coreOf(alice).store.list(tables.uploads)).to.deep.equal([]);
    });
    store.failAt(1, true);
    waiting.cancel(sent).catch(() => undefined);
    const disk = await store.survived;
    people.forget(alice);
    await people.online("alice", { store: disk });
    await eventually(async () => expect(await node.parts()).to.deep.equal([]));
  });

  it("stay, and are uploaded no further, where it may have been sent by another life of the device", async () => {
    const messages = [await halfSent(), await halfSent()];
    const { outbox, state } = actorOf(chat);
    await state.queue.run(async () => {
      const lastId = newIdAfter<MessageId>(outbox.lastId);
      const resumption = await outbox.resume({ lastNumber: state.record.lastNumber, lastId });
      await state.commit({ record: resumption.record }, resumption.changes);
      resumption.apply();
    });
    for (const message of messages) await refusal(message.reached("accepted"), "state-lost");
    const after = chat.send({ text: "yes", attachments: [{ name: "n", data: randomBytes(1000) }] });
    await after.reached("accepted", soon);
    expect(await node.parts()).to.have.length(3);
    expect(await coreOf(alice).store.list(tables.uploads)).to.deep.equal([]);
  });
});
