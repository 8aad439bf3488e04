import { expect } from "chai";
import { generateSigningKeyPair, sign } from "../../src/crypto/signing-key.ts";
import { ackBytes, type SignedAck } from "../../src/identity/ack.ts";
import { fromBase64, toBase64 } from "../../src/protocol/base64.ts";
import type { PushOf } from "../../src/protocol/pushes.ts";
import { decodeRecord, entryKey, tables, type DeviceRecord, type EntryRecord } from "../../src/client/records.ts";
import { eventually } from "../support/eventually.ts";
import { storedBytes } from "../support/held-state.ts";
import { MaliciousNode, dataOf, ok } from "../support/malicious-node.ts";
import { People } from "../support/people.ts";
import { twoTalking, type Side } from "../support/two-talking.ts";

type Delivered = Extract<PushOf<"message:delivered">, { kind: "delivered" }>;

describe("attack 21: forged receipts", () => {
  let node: MaliciousNode;
  let people: People;
  let alice: Side;
  let bob: Side;
  /** Bob's true receipt of the first message. */
  let first: Delivered;
  before(async () => {
    node = await MaliciousNode.start();
  });
  after(() => node.close());
  beforeEach(async () => {
    people = new People(() => node.url);
    ({ alice, bob } = await twoTalking(people));
    const pushed = node.pushed.findLast(({ name, user }) => name === "message:delivered" && user === alice.client.user);
    first = pushed!.payload as Delivered;
  });
  afterEach(async () => {
    node.behave();
    await people.close();
  });

  /** A message that bob's node keeps from him, so that no true receipt can come. */
  async function unheard(): Promise<number> {
    node.rewrite("message:posted", (entry, user) => (user === bob.client.user ? [] : [entry]));
    node.answer("log:read", ({ user, request, forward }) =>
      user === bob.client.user ? ok<"log:read">({ entries: [], head: request.after, floor: 0 }) : forward(),
    );
    const reads = node.exchanges.filter(({ name, user }) => name === "log:read" && user === bob.client.user);
    await eventually(() => expect(reads.filter(({ answer }) => answer === undefined)).to.be.empty);
    const message = alice.chat.send("not delivered");
    await message.reached("accepted", { timeout: 60_000 });
    await alice.chat.settled();
    return message.sequence!;
  }

  /** Alice is told this by push and on reading; afterwards the message is where it was. */
  async function changesNothing(sequence: number, forged: Delivered): Promise<void> {
    node.push(alice.client.user, "message:delivered", { ...forged, version: 1000 });
    node.answer("receipts:read", () =>
      ok<"receipts:read">({ receipts: [{ ...forged, version: 1001 }], version: 1001, more: false }),
    );
    node.answer("conversation:list", async ({ forward }) => {
      const page = dataOf(await forward());
      return ok<"conversation:list">({
        ...page,
        conversations: page.conversations.map((one) => ({ ...one, receiptVersion: 1001 })),
      });
    });
    await alice.client.sync();
    expect(node.requests("receipts:read", alice.client.user)).to.not.be.empty;
    const { messages } = await alice.chat.history();
    const found = messages.find((message) => message.sequence === sequence)!;
    expect("state" in found && found.state).to.equal("accepted");
    expect("state" in found && (await found.receipts())).to.deep.equal([{ user: bob.client.user }]);
  }

  const ackWith = (ack: Omit<SignedAck, "conversation">, secretKey: Uint8Array): Delivered["ack"] => {
    const signed = { ...ack, conversation: bob.chat.id };
    const signature = toBase64(sign(secretKey, ackBytes(signed)));
    return { ...signed, logHash: toBase64(ack.logHash), unopened: [], signature };
  };

  async function secretKeyOf(side: Side): Promise<Uint8Array> {
    await side.client.close();
    const opened = await side.store.open();
    const record = decodeRecord<DeviceRecord>((await opened.get(tables.device, "self"))!);
    await opened.close();
    return record.deviceSecretKey;
  }

  async function trueHashAt(sequence: number): Promise<Uint8Array> {
    const key = entryKey(alice.chat.id, sequence);
    return decodeRecord<EntryRecord>(await storedBytes(alice.client, tables.entries, key)).logHash;
  }

  it("(21) one with the signature of an earlier sequence, or of none", async () => {
    const sequence = await unheard();
    await changesNothing(sequence, { ...first, ack: { ...first.ack, sequence } });
    const signature = toBase64(new Uint8Array(64));
    await changesNothing(sequence, { ...first, ack: { ...first.ack, sequence, signature } });
  });

  it("(21) one that a key of the server's signed, over the true log", async () => {
    const sequence = await unheard();
    const logHash = await trueHashAt(sequence);
    const ack = ackWith({ sequence, logHash, unopened: [] }, generateSigningKeyPair().secretKey);
    await changesNothing(sequence, { ...first, ack });
  });

  it("(21) one that another device signed: the sender's own, or somebody else's", async () => {
    const sequence = await unheard();
    const logHash = await trueHashAt(sequence);
    const others = new People(() => node.url);
    const { alice: carol } = await twoTalking(others);
    const secretKey = await secretKeyOf(carol);
    const ack = ackWith({ sequence, logHash, unopened: [] }, secretKey);
    for (const device of [first.device, carol.client.device, alice.client.device]) {
      await changesNothing(sequence, { ...first, device, ack });
    }
    await changesNothing(sequence, { ...first, user: carol.client.user, device: carol.client.device, ack });
    await others.close();
  });

  it("(21) one that says less than it claims: a shorter list of what was not opened", async () => {
    const sequence = await unheard();
    const logHash = await trueHashAt(sequence);
    const secretKey = await secretKeyOf(bob);
    const signed = { conversation: bob.chat.id, sequence, logHash, unopened: [[sequence, sequence] as const] };
    const signature = toBase64(sign(secretKey, ackBytes(signed)));
    const ack = { ...first.ack, sequence, logHash: toBase64(logHash), unopened: [], signature };
    await changesNothing(sequence, { ...first, ack });
    const honest = { ...ack, unopened: [[sequence, sequence] as [number, number]] };
    node.push(alice.client.user, "message:delivered", { ...first, ack: honest, version: 1002 });
    await eventually(async () => {
      const { messages } = await alice.chat.history();
      const found = messages.find((message) => message.sequence === sequence)!;
      const [receipt] = "state" in found ? await found.receipts() : [];
      expect(receipt?.unopenedAt).to.be.instanceOf(Date);
      expect("state" in found && found.state).to.equal("accepted");
    });
  });

  it("(21) one that the recipient signed over another log: the sender is told that the log was forked", async () => {
    const sequence = await unheard();
    const logHash = fromBase64(first.ack.logHash);
    const ack = ackWith({ sequence, logHash, unopened: [] }, await secretKeyOf(bob));
    await changesNothing(sequence, { ...first, ack });
    expect(alice.faults.map(({ code, user }) => ({ code, user }))).to.deep.include({
      code: "log-forked",
      user: bob.client.user,
    });
  });

  it("(21) one of a device of the recipient that is not in the group any more", async () => {
    const tablet = await people.linked(bob.client);
    await eventually(() => expect(alice.chat.members).to.have.length(3));
    const { deviceSecretKey } = decodeRecord<DeviceRecord>(await storedBytes(tablet, tables.device, "self"));
    const { device } = tablet;
    await bob.client.devices.revoke(device);
    await eventually(() => expect(alice.chat.members).to.have.length(2));
    const sequence = await unheard();
    const logHash = await trueHashAt(sequence);
    const ack = ackWith({ sequence, logHash, unopened: [] }, deviceSecretKey);
    await changesNothing(sequence, { ...first, device, ack });
  });
});
