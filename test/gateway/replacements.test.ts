import { expect } from "chai";
import type { DeviceIdentity, Group } from "../../src/crypto/group-engine.ts";
import { mlsGroupEngine as engine } from "../../src/crypto/mls-group-engine.ts";
import { toBase64 } from "../../src/protocol/base64.ts";
import { newId, type ConversationId, type MessageId } from "../../src/protocol/ids.ts";
import { AccountWithDevices } from "../support/account-with-devices.ts";
import { codeOf, DeviceSocket } from "../support/device-socket.ts";
import {
  commitRequestOf,
  foundDirect,
  linkDevice,
  messageOf,
  newPerson,
  type Person,
} from "../support/direct-on-node.ts";
import { startGatewayNode, type GatewayNode } from "../support/gateway-node.ts";
import { policyOf } from "../support/role-group.ts";

const keyPackageOf = async (identity: DeviceIdentity): Promise<Uint8Array> =>
  (await engine.createKeyPackage(identity, 84)).publicBytes;

describe("the replacement of a user who has started over, on its way through a node", () => {
  let node: GatewayNode;
  before(async () => {
    node = await startGatewayNode({ settings: { malformedPerMinute: 1000 } });
  });
  after(() => node.close());

  async function startOver({ account }: Person): Promise<Pick<Person, "identity" | "socket">> {
    const socket = await DeviceSocket.connectAs(node, account.user);
    const identity = account.startOver();
    await socket.reset(account, identity);
    return { identity, socket };
  }

  const commit = async (
    by: Person,
    group: Group,
    changes: { add?: Uint8Array[]; remove?: number[] },
  ): Promise<Group> => {
    const { request, next } = await commitRequestOf(group, changes);
    await by.socket.request("conversation:commit", request);
    return next;
  };

  it("lets the other side of a direct do it, with the registered key and all devices", async () => {
    const { alice, bob, conversation, group } = await foundDirect(node, ["alice", "bob"]);
    const laptop = await linkDevice(node, bob);
    const held = await commit(alice, group, { add: [await keyPackageOf(laptop.identity)] });
    const tablet = await startOver(bob);
    const other = await AccountWithDevices.of("bob");
    other.addDevice();
    const madeUp = await keyPackageOf(other.startOver());
    const add = [await keyPackageOf(tablet.identity)];
    const refused = async (changes: object): Promise<string> => {
      const made = await commitRequestOf(held, changes).catch(() => undefined);
      return made ? codeOf(alice.socket.request("conversation:commit", made.request)) : "not made";
    };
    expect(await refused({ remove: [1, 2], add: [madeUp] })).to.equal("commit-invalid");
    expect(await refused({ remove: [1, 2] })).to.equal("commit-invalid");
    for (const remove of [[], [1], [2]])
      expect(await refused({ remove, add })).to.be.oneOf(["commit-invalid", "not made"]);
    await commit(alice, held, { remove: [1, 2], add });
    expect(await tablet.socket.hears("inbox:posted")).to.include({ kind: "welcome", conversation });
    const { conversations } = await alice.socket.request("conversation:list", { limit: 10 });
    expect(conversations[0]!.leaves).to.deep.equal([alice.identity.device, tablet.identity.device]);
    await tablet.socket.request("message:send", { ...messageOf(conversation, 1), epoch: 3 });
    expect(await alice.socket.hears("message:posted", ({ kind }) => kind === "message")).to.have.property("number", 1);
  });

  it("lets a member without a role do it in a group, for its sole owner, who stays the owner", async () => {
    const [owner, member] = [await newPerson(node, "olga"), await newPerson(node, "mia")];
    const conversation = newId<ConversationId>();
    await owner.socket.request("conversation:create", { conversation, suite: 84 });
    const policy = policyOf({ olga: "owner" });
    const alone = await engine.createGroup(owner.identity, { conversation, generation: 1, suite: 84 }, policy);
    const founding = await engine.prepareCommit(alone, { policy });
    const request = {
      conversation,
      generation: 1,
      epoch: 0,
      id: newId<MessageId>(),
      commit: toBase64(founding.commit),
    };
    await owner.socket.request("conversation:commit", request);
    const pair = await engine.createKeyPackage(member.identity, 84);
    const { request: adding } = await commitRequestOf(founding.next, { add: [pair.publicBytes] });
    await owner.socket.request("conversation:commit", adding);
    const welcome = new Uint8Array(Buffer.from(adding.welcome!, "base64"));
    const held = await engine.joinGroup(member.identity, welcome, pair, { kind: "group" });
    const tablet = await startOver(owner);
    await commit(member, held, { remove: [0], add: [await keyPackageOf(tablet.identity)] });
    const row = await node.store.findConversation(conversation);
    expect(row!.group!.policy).to.deep.equal(policy);
    expect(row!.users).to.deep.equal(["mia", "olga"]);
    expect(row!.leaves).to.deep.equal([tablet.identity.device, member.identity.device]);
  });

  it("lets the new device found the next generation of a direct", async () => {
    const { alice, bob, conversation } = await foundDirect(node, ["anna", "ben"]);
    const tablet = await startOver(bob);
    const alone = await engine.createGroup(tablet.identity, { conversation, generation: 2, suite: 84 });
    const { request } = await commitRequestOf(alone, { add: [await keyPackageOf(alice.identity)] });
    await tablet.socket.request("conversation:commit", request);
    const row = await node.store.findConversation(conversation);
    expect(row).to.include({ generation: 2, epoch: 1 });
    expect(row!.leaves).to.deep.equal([tablet.identity.device, alice.identity.device]);
  });
});
