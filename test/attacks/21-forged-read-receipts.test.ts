import { expect } from "chai";
import { decodeRecord, tables, type DeviceRecord } from "../../src/client/records.ts";
import type { Message } from "../../src/client/index.ts";
import { generateSigningKeyPair, sign } from "../../src/crypto/signing-key.ts";
import { ackBytes } from "../../src/identity/ack.ts";
import { readMarkBytes } from "../../src/identity/read-mark.ts";
import { fromBase64, toBase64 } from "../../src/protocol/base64.ts";
import type { PushOf } from "../../src/protocol/pushes.ts";
import { eventually } from "../support/eventually.ts";
import { storedBytes } from "../support/held-state.ts";
import { MaliciousNode, dataOf, ok } from "../support/malicious-node.ts";
import { People } from "../support/people.ts";
import { twoTalking, type Side } from "../support/two-talking.ts";

type Read = Extract<PushOf<"message:read">, { kind: "read" }>;
type Delivered = Extract<PushOf<"message:delivered">, { kind: "delivered" }>;

const soon = { timeout: 60_000 };

describe("attacks 21 and 3: forged and replayed read receipts", function () {
  this.timeout(120_000);
  let node: MaliciousNode;
  let people: People;
  let alice: Side;
  let bob: Side;
  /** Bob has it, and has not said that he has read it. */
  let message: Message;
  /** Bob's true receipt of its delivery. */
  let delivered: Delivered;
  before(async () => {
    node = await MaliciousNode.start();
  });
  after(() => node.close());
  beforeEach(async () => {
    people = new People(() => node.url);
    ({ alice, bob } = await twoTalking(people));
    message = alice.chat.send("not read");
    await message.reached("delivered", soon);
    const pushed = node.pushed.findLast(({ name, user }) => name === "message:delivered" && user === alice.client.user);
    delivered = pushed!.payload as Delivered;
    expect(delivered.ack.sequence).to.equal(message.sequence);
  });
  afterEach(async () => {
    node.behave();
    await people.close();
  });

  const secretKeyOf = async (side: Side): Promise<Uint8Array> =>
    decodeRecord<DeviceRecord>(await storedBytes(side.client, tables.device, "self")).deviceSecretKey;

  /** A receipt as bob would sign it, but for what is changed. */
  function readBy(secretKey: Uint8Array, audience: "all" | "own", signs = readMarkBytes): Read {
    const { ack, conversation, user, device, at, version } = delivered;
    const mark = { ...ack, logHash: fromBase64(ack.logHash), audience };
    const signature = toBase64(sign(secretKey, signs(mark)));
    const forged = { ...ack, audience, signature };
    return { kind: "read", conversation, user, device, at, version, mark: forged };
  }

  /** Alice is told this by push and on reading. */
  async function tell(forged: Read): Promise<void> {
    node.push(alice.client.user, "message:read", { ...forged, version: 1000 });
    node.push(alice.client.user, "message:delivered", { ...forged, version: 1001 });
    node.answer("receipts:read", () =>
      ok<"receipts:read">({ receipts: [{ ...forged, version: 1002 }], version: 1002, more: false }),
    );
    node.answer("conversation:list", async ({ forward }) => {
      const page = dataOf(await forward());
      const conversations = page.conversations.map((one) => ({ ...one, receiptVersion: 1002 }));
      return ok<"conversation:list">({ ...page, conversations });
    });
    await alice.client.sync();
    expect(node.requests("receipts:read", alice.client.user)).to.not.be.empty;
  }

  async function changesNothing(forged: Read): Promise<void> {
    await tell(forged);
    expect(message.state).to.equal("delivered");
    expect((await message.receipts())[0]).to.not.have.property("readAt");
  }

  it("(21) the true one counts: what follows fails for what is wrong with it", async () => {
    await tell(readBy(await secretKeyOf(bob), "all"));
    await message.reached("read", soon);
  });

  it("(3) the signature of a delivery does not pass for one of reading, nor the other way round", async () => {
    const { ack } = delivered;
    await changesNothing({ ...readBy(await secretKeyOf(bob), "all"), mark: { ...ack, audience: "all" } });
    await changesNothing(readBy(await secretKeyOf(bob), "all", ackBytes));
    const { mark } = readBy(await secretKeyOf(bob), "all");
    const { audience: _, ...taken } = mark;
    const later = alice.chat.send("kept from bob");
    node.rewrite("message:posted", (entry, user) => (user === bob.client.user ? [] : [entry]));
    await later.reached("accepted", soon);
    node.push(alice.client.user, "message:delivered", { ...delivered, ack: taken, version: 1003 });
    await alice.client.sync();
    expect((await message.receipts())[0]).to.not.have.property("readAt");
  });

  it("(3) a mark that a user made for its own devices is no receipt, whatever the server calls it", async () => {
    const own = readBy(await secretKeyOf(bob), "own");
    await changesNothing(own);
    await changesNothing({ ...own, mark: { ...own.mark, audience: "all" } });
  });

  it("(21) one of an earlier sequence, or that a key of the server's or of somebody else's signed", async () => {
    const secretKey = await secretKeyOf(bob);
    const { mark } = readBy(secretKey, "all");
    await changesNothing({ ...readBy(secretKey, "all"), mark: { ...mark, sequence: mark.sequence + 1 } });
    await changesNothing(readBy(generateSigningKeyPair().secretKey, "all"));
    await changesNothing(readBy(await secretKeyOf(alice), "all"));
    await changesNothing({ ...readBy(await secretKeyOf(alice), "all"), device: alice.client.device });
  });

  it("(21) one that says that more was read than it claims", async () => {
    const { sequence } = delivered.ack;
    const secretKey = await secretKeyOf(bob);
    const read = readBy(secretKey, "all");
    const unopened: [number, number][] = [[sequence, sequence]];
    const signed = { ...read.mark, logHash: fromBase64(read.mark.logHash), unopened };
    const signature = toBase64(sign(secretKey, readMarkBytes(signed)));
    await changesNothing({ ...read, mark: { ...read.mark, unopened: [], signature } });
    await changesNothing({ ...read, mark: { ...read.mark, unopened, signature } });
  });

  it("(21) one that was signed over another log: the sender is told that the log was forked", async () => {
    const secretKey = await secretKeyOf(bob);
    const logHash = new Uint8Array(32).fill(7);
    const read = readBy(secretKey, "all");
    const signature = toBase64(sign(secretKey, readMarkBytes({ ...read.mark, logHash })));
    await changesNothing({ ...read, mark: { ...read.mark, logHash: toBase64(logHash), signature } });
    expect(alice.faults.map(({ code, user }) => ({ code, user }))).to.deep.include({
      code: "log-forked",
      user: bob.client.user,
    });
  });

  it("(21) a mark that the user's other device did not sign leaves what is unread unread", async () => {
    const forged = readBy(generateSigningKeyPair().secretKey, "own");
    const { sequence } = forged.mark;
    node.answer("marks:read", () => ok<"marks:read">({ mark: forged }));
    node.answer("conversation:list", async ({ forward }) => {
      const page = dataOf(await forward());
      const conversations = page.conversations.map((one) => ({ ...one, readSequence: sequence }));
      return ok<"conversation:list">({ ...page, conversations });
    });
    node.push(bob.client.user, "message:read", forged);
    await bob.client.sync();
    expect(node.requests("marks:read", bob.client.user)).to.not.be.empty;
    expect((await bob.chat.unread()).map(({ text }) => text)).to.include("not read");
  });

  it("(3) nothing is signed for others that a server could show them, where the user keeps it to itself", async () => {
    const audiences = () =>
      node.requests("marks:put", bob.client.user).map((mark) => (mark as { audience: string }).audience);
    /** For whom what is marked now is. */
    const markNext = async (text: string): Promise<string[]> => {
      await alice.chat.send(text).reached("delivered", soon);
      const before = audiences().length;
      await bob.chat.markRead((await bob.chat.unread()).at(-1)!);
      await eventually(() => expect(audiences().length).to.be.above(before));
      await bob.chat.settled();
      return [...new Set(audiences().slice(before))];
    };
    expect(await markNext("with receipts")).to.deep.equal(["all"]);
    await bob.client.privacy.set({ readReceipts: false });
    expect(await markNext("without")).to.deep.equal(["own"]);
    await bob.client.privacy.set({ readReceipts: true });
    expect(await markNext("with them again")).to.deep.equal(["all"]);
  });

  it("(3) a choice of what others may see: not a forged one, nor an earlier one again", async () => {
    await bob.client.privacy.set({ readReceipts: false });
    const set = node.requests("privacy:set", bob.client.user);
    const [off] = set as { version: number; signature: string; readReceipts: boolean; typing: boolean }[];
    const tablet = await people.linked(bob.client);
    await eventually(() => expect(tablet.privacy.readReceipts).to.equal(false));
    const claims = [
      { ...off!, device: bob.client.device, version: off!.version + 1, readReceipts: true },
      { ...off!, device: bob.client.device, version: off!.version - 1, readReceipts: true },
      { ...off!, device: tablet.device, version: off!.version + 1, readReceipts: true },
    ];
    for (const privacy of claims) {
      node.answer("privacy:read", () => ok<"privacy:read">({ privacy }));
      node.push(bob.client.user, "privacy:changed", {});
      await tablet.sync();
      expect(tablet.privacy.readReceipts).to.equal(false);
      expect(bob.client.privacy.readReceipts).to.equal(false);
    }
  });
});
