import { expect } from "chai";
import { mlsGroupEngine as engine } from "../../src/crypto/mls-group-engine.ts";
import { newId, type DeviceId, type MessageId } from "../../src/protocol/ids.ts";
import { AccountWithDevices } from "../support/account-with-devices.ts";
import { DeceivedGroup, soon, usersOf } from "../support/deceived-group.ts";
import { eventually } from "../support/eventually.ts";
import { actorOf } from "../support/group-sides.ts";
import { heldGroup } from "../support/held-state.ts";
import { MaliciousNode } from "../support/malicious-node.ts";

describe("attack 1: a server and a member put a device of theirs into a user's place", function () {
  this.timeout(60_000);
  let node: MaliciousNode;
  let group: DeceivedGroup;
  before(async () => {
    node = await MaliciousNode.start();
  });
  after(() => node.close());
  beforeEach(async () => {
    group = await DeceivedGroup.at(node);
  });
  afterEach(() => group.people.close());

  /** Carol's commit, which the node takes without looking, as if bob had started over. */
  async function replaceBob(): Promise<DeviceId> {
    const { bob, carol } = group;
    const held = await heldGroup(carol.client, carol.chat.id);
    const account = await AccountWithDevices.of(bob.client.user);
    const ghost = account.addDevice();
    const remove = held.members.filter(({ user }) => user === bob.client.user).map(({ leaf }) => leaf);
    const add = [(await engine.createKeyPackage(ghost, held.suite)).publicBytes];
    const { commit } = await engine.prepareCommit(held, { remove, add });
    const { conversation, generation, epoch, policy } = held;
    const { user, device } = held.members.find((member) => member.user === carol.client.user)!;
    const outcome = await node.inner.store.acceptCommit({
      conversation,
      generation,
      epoch,
      id: newId<MessageId>(),
      sender: { user, device },
      commit,
      leaves: held.members.map((member) => member.device),
      added: [],
      removed: [],
      group: { policy: policy!, leavers: [], leaversBefore: [], joined: [], gone: [] },
    });
    expect(outcome.status).to.equal("accepted");
    return ghost.device;
  }

  it("(1) without a reset in the user's list: whoever knew the user is told, and seals nothing in the group", async () => {
    const { alice, bob } = group;
    const ghost = await replaceBob();
    await alice.client.sync();
    const fault = { code: "identity-changed", conversation: alice.chat.id, user: bob.client.user };
    await eventually(() => expect(alice.faults).to.deep.include(fault), soon.timeout);
    expect(actorOf(alice.chat).state.group!.members.map(({ device }) => device)).to.include(ghost);
    const sent = node.requests("message:send", alice.client.user).length;
    const message = alice.chat.send("for the three of us");
    await eventually(() => expect(alice.chat.waitingFor).to.equal("identity-changed"));
    await alice.client.sync();
    expect(message.state).to.equal("queued");
    expect(node.requests("message:send", alice.client.user)).to.have.length(sent);
    // An owner can end it.
    await alice.chat.remove(bob.client.user);
    await message.reached("accepted", soon);
    expect(usersOf(alice)).to.not.include(bob.client.user);
  });
});
