import { expect } from "chai";
import type { Group as GroupChat } from "../../src/client/index.ts";
import { mlsGroupEngine as engine } from "../../src/crypto/mls-group-engine.ts";
import type { Group } from "../../src/crypto/group-engine.ts";
import type { GroupPolicy } from "../../src/identity/group-policy.ts";
import { toBase64 } from "../../src/protocol/base64.ts";
import { newId, type MessageId } from "../../src/protocol/ids.ts";
import { copyOf } from "../support/copied-store.ts";
import { eventually } from "../support/eventually.ts";
import { coreOf, heldGroup } from "../support/held-state.ts";
import { MaliciousNode, refused } from "../support/malicious-node.ts";
import { People, quickTimings } from "../support/people.ts";
import { refusal } from "../support/refusal.ts";
import { newSide, twoTalking, type Side } from "../support/two-talking.ts";
import { commitThatNobodyFollows } from "../support/unfollowable-commit.ts";

const timings = { ...quickTimings, generationPatienceMs: 250 };
const soon = { timeout: 60_000 };

describe("attack 27: a new generation that may not be", function () {
  this.timeout(120_000);
  let node: MaliciousNode;
  let people: People;
  before(async () => {
    node = await MaliciousNode.start();
  });
  after(() => node.close());
  beforeEach(() => {
    people = new People(() => node.url);
  });
  afterEach(() => people.close());

  /** A founding by an insider, of whatever roster and policy, with key packages of the devices' own. */
  async function founding(by: Side, others: Side["client"][], policy?: GroupPolicy) {
    const { own } = coreOf(by.client);
    const conversation = by.chat.id;
    const place = { conversation, generation: 2, suite: 84 };
    const alone = await engine.createGroup(own.identity(), place, policy);
    const add: Uint8Array[] = [];
    for (const other of others) add.push((await coreOf(other).supply.make(84)).publicBytes);
    const { commit, welcome } = await engine.prepareCommit(alone, { add });
    return { commit, welcome: welcome!, id: newId<MessageId>(), conversation };
  }

  type Founding = Awaited<ReturnType<typeof founding>>;

  const send = (by: Side, { commit, welcome, id, conversation }: Founding) =>
    coreOf(by.client).connection.request("conversation:commit", {
      conversation,
      generation: 2,
      epoch: 0,
      id,
      commit: toBase64(commit),
      welcome: toBase64(welcome),
    });

  /** The node takes it all the same, without looking. */
  async function letThrough(by: Side, added: Side["client"][], made: Founding, held: Group): Promise<void> {
    const { user, device } = by.client;
    const devices = [by.client, ...added];
    const outcome = await node.inner.store.acceptCommit({
      ...made,
      generation: 2,
      epoch: 0,
      sender: { user, device } as never,
      leaves: devices.map((one) => one.device as never),
      added: devices.map((one) => ({ user: one.user, device: one.device }) as never),
      removed: [],
      ...(held.policy && {
        group: { policy: held.policy, leavers: [], leaversBefore: [], joined: [], gone: [] },
      }),
    });
    expect(outcome.status).to.equal("accepted");
    for (const client of people.all()) if (client.connection === "online") await client.sync();
  }

  async function team(): Promise<[alice: Side, bob: Side, mallory: Side]> {
    const alice = await newSide(people, "alice", { timings });
    const [bob, mallory] = [await newSide(people, "bob", { timings }), await newSide(people, "mallory", { timings })];
    const members = [bob, mallory].map(({ client }) => client.user);
    alice.chat = await alice.client.createGroup({ name: "Team", members });
    for (const side of [bob, mallory]) {
      side.chat = await eventually(() => {
        const group = side.client.conversations().find((one) => one.kind === "group") as GroupChat | undefined;
        if (!group?.isJoined) throw new Error("not in the group yet");
        return group;
      });
    }
    return [alice, bob, mallory];
  }

  const refusedBy = (side: Side) => side.faults.find(({ code }) => code === "generation-refused");

  it("(27) by a member without a role: the node refuses it, members do too, and an admin's takes its place", async () => {
    const [alice, bob, mallory] = await team();
    const held = await heldGroup(mallory.client, mallory.chat.id);
    const roles = [{ user: mallory.client.user, role: "owner" as const }];
    const usurped = { ...held.policy!, roles } as GroupPolicy;
    const others = [alice.client, bob.client];
    await refusal(send(mallory, await founding(mallory, others, usurped)), "commit-invalid");
    await letThrough(mallory, others, await founding(mallory, others, usurped), held);
    for (const side of [alice, bob]) {
      await eventually(() => expect(refusedBy(side)).to.include({ user: mallory.client.user }));
    }
    const sent = bob.chat.send("on we go");
    await sent.reached("delivered", { ...soon, by: "any" });
    expect(alice.texts).to.deep.equal(["on we go"]);
    const after = await heldGroup(bob.client, bob.chat.id);
    expect(after.generation).to.equal(3);
    expect(after.policy).to.deep.equal(held.policy);
  });

  it("(27) by an admin who takes the other roles away with it: members refuse what the node cannot see", async () => {
    const [alice, bob, mallory] = await team();
    await (alice.chat as GroupChat).setRole(mallory.client.user, "admin");
    await eventually(() => expect((bob.chat as GroupChat).users.map(({ role }) => role)).to.include("admin"));
    await mallory.client.sync();
    const held = await heldGroup(mallory.client, mallory.chat.id);
    const roles = [{ user: mallory.client.user, role: "owner" as const }];
    const usurped = { ...held.policy!, roles } as GroupPolicy;
    await send(mallory, await founding(mallory, [alice.client, bob.client], usurped));
    for (const side of [alice, bob]) {
      await eventually(() => expect(refusedBy(side)).to.include({ user: mallory.client.user }));
    }
    await bob.chat.send("on we go").reached("delivered", { ...soon, by: "any" });
    expect((await heldGroup(bob.client, bob.chat.id)).policy).to.deep.equal(held.policy);
  });

  it("(27) is not for a device to judge that was lost before: it is added again by those who have gone along", async () => {
    const [alice, bob, carol] = await team();
    await carol.client.close();
    people.forget(carol.client);
    const backup = await copyOf(carol.store);
    const ahead = await people.online(carol.client.user, { store: carol.store, timings });
    await ahead
      .conversation(carol.chat.id)!
      .send("ahead")
      .reached("delivered", { ...soon, by: "any" });
    await ahead.close();
    people.forget(ahead);
    node.answer("readd:request", ({ user, forward }) =>
      user === carol.client.user ? Promise.resolve(refused("rate-limited")) : forward(),
    );
    const restored = await people.online(carol.client.user, { store: backup, timings });
    await eventually(() => expect(people.faults).to.include(`${carol.client.user}: state-lost`));
    const dave = await newSide(people, "dave", { timings });
    await (alice.chat as GroupChat).add(dave.client.user);
    await bob.client.sync();
    node.behave();
    await commitThatNobodyFollows(bob.client, bob.chat.id);
    await eventually(async () => {
      await restored.sync();
      expect((await heldGroup(restored, alice.chat.id)).generation).to.equal(2);
    });
    await alice.chat.send("to everybody").reached("delivered", soon);
    expect(people.faults).to.not.include(`${carol.client.user}: generation-refused`);
  });

  it("(27) with a device that was revoked: the node refuses it, and so does the other side", async () => {
    const { alice, bob } = await twoTalking(people, { timings });
    const tablet = await people.linked(bob.client);
    await eventually(() => expect(alice.chat.members).to.have.length(3));
    await bob.client.devices.revoke(tablet.device);
    await eventually(() => expect(alice.chat.members).to.have.length(2));
    const ghostly = await founding(alice, [bob.client, tablet]);
    await refusal(send(alice, ghostly), "commit-invalid");
    const held = await heldGroup(alice.client, alice.chat.id);
    await letThrough(alice, [bob.client], ghostly, held);
    await eventually(() => expect(refusedBy(bob)).to.include({ user: alice.client.user }));
    expect((await heldGroup(bob.client, bob.chat.id)).generation).to.equal(1);
  });
});
