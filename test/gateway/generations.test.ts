import { expect } from "chai";
import type { Group } from "../../src/crypto/group-engine.ts";
import { mlsGroupEngine as engine } from "../../src/crypto/mls-group-engine.ts";
import { newId, type ConversationId } from "../../src/protocol/ids.ts";
import type { RequestOf } from "../../src/protocol/requests.ts";
import { codeOf } from "../support/device-socket.ts";
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

type Device = Pick<Person, "identity">;

describe("a new generation on its way through a node", () => {
  let node: GatewayNode;
  let turn = 0;
  before(async () => {
    node = await startGatewayNode({ settings: { malformedPerMinute: 1000 } });
  });
  after(() => node.close());

  const keyPackageOf = async ({ identity }: Device, suite: 84 | 3 = 84) =>
    (await engine.createKeyPackage(identity, suite)).publicBytes;

  async function founding(
    by: Device,
    conversation: ConversationId,
    others: Device[],
    { generation = 2, group = undefined as Group | undefined, suite = 84 as 84 | 3 } = {},
  ): Promise<RequestOf<"conversation:commit">> {
    const add = await Promise.all(others.map((one) => keyPackageOf(one, suite)));
    const policy = group?.policy;
    const roles = policy && { ...policy, roles: [{ user: by.identity.user, role: "owner" as const }] };
    const alone = await engine.createGroup(by.identity, { conversation, generation, suite }, roles);
    return (await commitRequestOf(alone, { add })).request;
  }

  async function direct() {
    turn += 1;
    return foundDirect(node, [`alice-${turn}`, `bob-${turn}`]);
  }

  it("is taken from either side of a direct, told to everybody, and ends the one before", async () => {
    const { alice, bob, conversation, group } = await direct();
    const request = await founding(bob, conversation, [alice]);
    expect(await bob.socket.request("conversation:commit", request)).to.include({ sequence: 2 });
    const posted = await alice.socket.hears("message:posted", ({ sequence }) => sequence === 2);
    expect(posted).to.include({ kind: "commit", generation: 2, epoch: 0, payload: request.commit });
    const inboxed = await alice.socket.hears("inbox:posted");
    expect(inboxed).to.include({ kind: "welcome", generation: 2, welcome: request.welcome });
    const late = (await commitRequestOf(group, {})).request;
    expect(await codeOf(alice.socket.request("conversation:commit", late))).to.equal("stale-epoch");
    expect(await codeOf(alice.socket.request("message:send", messageOf(conversation, 1)))).to.equal("stale-epoch");
    const page = await alice.socket.request("log:read", { conversation, after: 0, limit: 10 });
    expect(page.entries.map(({ generation }) => generation)).to.deep.equal([1, 2]);
  });

  it("is refused with a device that is nobody's, one more user, one user less, or out of turn", async () => {
    const { alice, bob, conversation } = await direct();
    const stranger = await newPerson(node, `stranger-${turn}`);
    const send = async (request: Promise<RequestOf<"conversation:commit">>, by = alice) =>
      codeOf(by.socket.request("conversation:commit", await request));
    const ghost = { identity: bob.account.addDevice() };
    expect(await send(founding(alice, conversation, [bob, ghost]))).to.equal("commit-invalid");
    expect(await send(founding(alice, conversation, [bob, stranger]))).to.equal("commit-invalid");
    const tablet = await linkDevice(node, alice);
    expect(await send(founding(alice, conversation, [tablet]))).to.equal("commit-invalid");
    expect(await send(founding(alice, conversation, [bob], { generation: 3 }))).to.equal("stale-epoch");
    expect(await send(founding(stranger, conversation, [alice, bob]), stranger)).to.equal("conversation-unknown");
    const head = (await alice.socket.request("log:read", { conversation, after: 0, limit: 10 })).head;
    expect(head).to.equal(1);
  });

  /** Alice owns it, the others are members. */
  async function team() {
    turn += 1;
    const people = await Promise.all(["alice", "bob", "carol"].map((name) => newPerson(node, `${name}-g${turn}`)));
    const [alice, bob, carol] = people as [Person, Person, Person];
    const conversation = newId<ConversationId>();
    await alice.socket.request("conversation:create", { conversation, suite: 84 });
    const policy = policyOf({ [alice.account.user]: "owner" });
    const alone = await engine.createGroup(alice.identity, { conversation, generation: 1, suite: 84 }, policy);
    const { commit, next } = await engine.prepareCommit(alone, { policy });
    const place = { conversation, generation: 1, epoch: 0, id: newId() };
    await alice.socket.request("conversation:commit", {
      ...place,
      commit: Buffer.from(commit).toString("base64"),
    } as never);
    const added = await commitRequestOf(next, { add: [await keyPackageOf(bob), await keyPackageOf(carol)] });
    await alice.socket.request("conversation:commit", added.request);
    return { alice, bob, carol, conversation, group: added.next };
  }

  it("of a group is founded by who holds a role, and by nobody else", async () => {
    const { alice, bob, carol, conversation, group } = await team();
    const byBob = await founding(bob, conversation, [alice, carol], { group });
    expect(await codeOf(bob.socket.request("conversation:commit", byBob))).to.equal("commit-invalid");
    const stranger = await newPerson(node, `stranger-${turn}`);
    const more = await founding(alice, conversation, [bob, carol, stranger], { group });
    expect(await codeOf(alice.socket.request("conversation:commit", more))).to.equal("commit-invalid");
    const byAlice = await founding(alice, conversation, [bob, carol], { group });
    await alice.socket.request("conversation:commit", byAlice);
    const row = await node.store.findConversation(conversation);
    expect(row).to.include({ generation: 2, epoch: 1 });
    expect(row!.users).to.have.members([alice, bob, carol].map(({ account }) => account.user));
    expect(row!.group!.policy).to.deep.equal(group.policy);
  });

  it("of a group keeps its suite", async () => {
    const { alice, bob, carol, conversation, group } = await team();
    const other = await founding(alice, conversation, [bob, carol], { group, suite: 3 });
    expect(await codeOf(alice.socket.request("conversation:commit", other))).to.equal("commit-invalid");
  });
});
