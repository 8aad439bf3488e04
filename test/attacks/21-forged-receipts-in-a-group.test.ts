import { expect } from "chai";
import { decodeRecord, entryKey, tables, type DeviceRecord, type EntryRecord } from "../../src/client/records.ts";
import { generateSigningKeyPair, sign } from "../../src/crypto/signing-key.ts";
import { ackBytes } from "../../src/identity/ack.ts";
import { toBase64 } from "../../src/protocol/base64.ts";
import type { PushOf } from "../../src/protocol/pushes.ts";
import { DeceivedGroup, soon, usersOf } from "../support/deceived-group.ts";
import { eventually } from "../support/eventually.ts";
import { actorOf, type GroupSide } from "../support/group-sides.ts";
import { storedBytes } from "../support/held-state.ts";
import { MaliciousNode, dataOf, ok } from "../support/malicious-node.ts";
import { newSide, type Side } from "../support/two-talking.ts";

type Delivered = Extract<PushOf<"message:delivered">, { kind: "delivered" }>;

describe("attack 21: forged receipts in a group", function () {
  this.timeout(30_000);
  let node: MaliciousNode;
  let group: DeceivedGroup;
  let alice: GroupSide;
  let bob: GroupSide;
  let carol: GroupSide;
  let version = 1000;
  before(async () => {
    node = await MaliciousNode.start();
  });
  after(() => node.close());
  beforeEach(async () => {
    group = await DeceivedGroup.at(node);
    ({ alice, bob, carol } = group);
  });
  afterEach(async () => {
    node.behave();
    await group.people.close();
  });

  /** A message of alice's that bob has and carol is not shown: nothing true can come from her. */
  async function keptFromCarol() {
    node.rewrite("message:posted", (entry, user) => (user === carol.client.user ? [] : [entry]));
    node.answer("log:read", ({ user, request, forward }) =>
      user === carol.client.user ? ok<"log:read">({ entries: [], head: request.after, floor: 0 }) : forward(),
    );
    const message = alice.chat.send("not for carol's eyes");
    await message.reached("delivered", { ...soon, by: "any" });
    return message;
  }

  const secretKeyOf = async ({ client }: Side): Promise<Uint8Array> =>
    decodeRecord<DeviceRecord>(await storedBytes(client, tables.device, "self")).deviceSecretKey;

  /** An ack over the true log, whoever's key signs it. */
  async function ackBy(secretKey: Uint8Array, sequence: number): Promise<Delivered["ack"]> {
    const conversation = alice.chat.id;
    const stored = await storedBytes(alice.client, tables.entries, entryKey(conversation, sequence));
    const { logHash } = decodeRecord<EntryRecord>(stored);
    const signature = toBase64(sign(secretKey, ackBytes({ conversation, sequence, logHash, unopened: [] })));
    return { conversation, sequence, logHash: toBase64(logHash), unopened: [], signature };
  }

  const inTheNameOf = ({ client }: Side, ack: Delivered["ack"]): Delivered => ({
    kind: "delivered",
    conversation: alice.chat.id,
    user: client.user,
    device: client.device,
    at: Date.now(),
    version: ++version,
    ack,
  });

  it("(21) count for nobody but the device that signed them: other members', the sender's, the server's, old ones", async () => {
    const message = await keptFromCarol();
    const sequence = message.sequence!;
    const bobs = await ackBy(await secretKeyOf(bob), sequence);
    const [early] = node.requests("message:ack", carol.client.user).filter((ack) => ack.conversation === alice.chat.id);
    const carols = { ...bobs, signature: early!.signature };
    const servers = await ackBy(generateSigningKeyPair().secretKey, sequence);
    const own = await ackBy(await secretKeyOf(alice), sequence);
    const forged = [bobs, carols, servers, own].map((ack) => inTheNameOf(carol, ack));
    forged.push({ ...inTheNameOf(bob, bobs), user: carol.client.user });
    forged.push({ ...inTheNameOf(carol, bobs), device: bob.client.device });
    for (const receipt of forged) node.push(alice.client.user, "message:delivered", receipt);
    await alice.client.sync();
    const rows = (await message.receipts()).map(({ user, deliveredAt }) => [user, deliveredAt !== undefined]);
    expect(rows).to.have.deep.members([
      [bob.client.user, true],
      [carol.client.user, false],
    ]);
    expect(message.state).to.equal("accepted");
    node.push(
      alice.client.user,
      "message:delivered",
      inTheNameOf(carol, await ackBy(await secretKeyOf(carol), sequence)),
    );
    await message.reached("delivered", soon);
  });

  it("(21) from somebody outside: the node takes none, and the sender counts none", async () => {
    const dave = await newSide(group.people, "dave");
    await (await dave.client.direct(alice.client.user)).send("a contact, but no member").reached("delivered", soon);
    const message = await keptFromCarol();
    const ack = await ackBy(await secretKeyOf(dave), message.sequence!);
    const answer = await node.linesOf(dave.client.user)[0]!.ask("message:ack", ack);
    expect(answer.ok ? "taken" : answer.error.code).to.equal("not-a-member");
    const read = await node.linesOf(dave.client.user)[0]!.ask("receipts:read", {
      conversation: alice.chat.id,
      after: 0,
    });
    expect(read.ok ? "read" : read.error.code).to.equal("conversation-unknown");
    for (const receipt of [inTheNameOf(dave, ack), { ...inTheNameOf(dave, ack), user: carol.client.user }]) {
      node.push(alice.client.user, "message:delivered", receipt);
    }
    await alice.client.sync();
    expect(message.state).to.equal("accepted");
    expect((await message.receipts()).map(({ user }) => user)).to.have.members([bob.client.user, carol.client.user]);
  });

  it("(21) from who was removed, of what came after: neither the node nor the sender takes one", async () => {
    const secretKey = await secretKeyOf(carol);
    await alice.chat.remove(carol.client.user);
    await eventually(() => expect(usersOf(bob)).to.not.include(carol.client.user));
    const hidden = node.answer("message:ack", ({ user, forward }) =>
      user === bob.client.user ? ok<"message:ack">({}) : forward(),
    );
    const message = alice.chat.send("without carol");
    await message.reached("accepted", soon);
    await alice.chat.settled();
    const ack = await ackBy(secretKey, message.sequence!);
    const answer = await node.linesOf(carol.client.user)[0]!.ask("message:ack", ack);
    expect(answer.ok ? "taken" : answer.error.code).to.be.oneOf([
      "ack-invalid",
      "not-a-member",
      "conversation-unknown",
    ]);
    for (const side of [carol, bob]) node.push(alice.client.user, "message:delivered", inTheNameOf(side, ack));
    await alice.client.sync();
    expect(message.state).to.equal("accepted");
    expect(await message.receipts()).to.deep.equal([{ user: bob.client.user }]);
    hidden();
    const head = actorOf(bob.chat).state.record.position;
    expect(head).to.be.at.least(message.sequence!);
    expect(
      dataOf(await node.linesOf(bob.client.user)[0]!.ask("message:ack", await ackBy(await secretKeyOf(bob), head))),
    ).to.deep.equal({});
    await alice.client.sync();
    await message.reached("delivered", soon);
  });
});
