import { expect } from "chai";
import { mlsGroupEngine as engine } from "../../src/crypto/mls-group-engine.ts";
import { toBase64 } from "../../src/protocol/base64.ts";
import { newId, type ConversationId } from "../../src/protocol/ids.ts";
import { codeOf } from "../support/device-socket.ts";
import {
  commitRequestOf,
  foundDirect,
  foundingCommit,
  linkDevice,
  newPerson,
  type Person,
} from "../support/direct-on-node.ts";
import { startGatewayNode, type GatewayNode } from "../support/gateway-node.ts";

describe("a commit on its way through a node", () => {
  let node: GatewayNode;
  let turn = 0;
  before(async () => {
    node = await startGatewayNode({ settings: { malformedPerMinute: 1000 } });
  });
  after(() => node.close());

  const names = (): [string, string] => [`alice-${(turn += 1)}`, `bob-${turn}`];
  const keyPackageOf = async ({ identity }: Pick<Person, "identity">) =>
    (await engine.createKeyPackage(identity, 84)).publicBytes;

  it("is answered the second time as the first, and is stale when another took its epoch", async () => {
    const { alice, bob, group } = await foundDirect(node, names());
    const { request } = await commitRequestOf(group, {});
    const first = await alice.socket.request("conversation:commit", request);
    expect(first).to.include({ sequence: 2 });
    const posted = await bob.socket.hears("message:posted", ({ sequence }) => sequence === 2);
    expect(posted).to.include({ kind: "commit", epoch: 1, payload: request.commit, number: 0 });
    expect(await alice.socket.request("conversation:commit", request)).to.deep.equal(first);
    const { request: rival } = await commitRequestOf(group, {});
    expect(await codeOf(alice.socket.request("conversation:commit", rival))).to.equal("stale-epoch");
  });

  it("adds a linked device, whose log begins there, and tells it through its inbox", async () => {
    const { alice, bob, conversation, group } = await foundDirect(node, names());
    const tablet = await linkDevice(node, alice);
    const add = [await keyPackageOf(tablet)];
    const { request } = await commitRequestOf(group, { add });
    await alice.socket.request("conversation:commit", request);
    expect(await tablet.socket.hears("inbox:posted")).to.include({ kind: "welcome", welcome: request.welcome });
    const page = await tablet.socket.request("log:read", { conversation, after: 0, limit: 10 });
    expect(page.entries.map(({ sequence }) => sequence)).to.deep.equal([2]);
    const { conversations } = await bob.socket.request("conversation:list", { limit: 10 });
    const devices = [alice.identity.device, bob.identity.device, tablet.identity.device];
    expect(conversations[0]!.leaves).to.deep.equal(devices);
  });

  it("may remove the sender's own devices, and never the other user's, revoked or not", async () => {
    const { alice, bob, group } = await foundDirect(node, names());
    const [hers, his] = [await linkDevice(node, alice), await linkDevice(node, bob)];
    const added = await commitRequestOf(group, { add: [await keyPackageOf(hers), await keyPackageOf(his)] });
    await alice.socket.request("conversation:commit", added.request);
    const remove = async (leaf: number) => {
      const { request } = await commitRequestOf(added.next, { remove: [leaf] });
      return alice.socket.request("conversation:commit", request);
    };
    expect(await codeOf(remove(3))).to.equal("commit-invalid");
    bob.account.revokeDevice(his.identity.device);
    await bob.socket.request("devices:revoke", { entry: toBase64(bob.account.entries.at(-1)!) });
    expect(await codeOf(remove(3))).to.equal("commit-invalid");
    await remove(2);
    const { conversations } = await alice.socket.request("conversation:list", { limit: 10 });
    const devices = [alice.identity.device, bob.identity.device, null, his.identity.device];
    expect(conversations[0]!.leaves).to.deep.equal(devices);
  });

  it("is refused when it adds a stranger, an unlisted device, or brings no Welcome", async () => {
    const { alice, conversation, group } = await foundDirect(node, names());
    const mallory = await newPerson(node, `mallory-${turn}`);
    const send = (request: object) => codeOf(alice.socket.request("conversation:commit", request as never));
    const stranger = await commitRequestOf(group, { add: [await keyPackageOf(mallory)] }).catch(() => undefined);
    if (stranger) expect(await send(stranger.request)).to.equal("commit-invalid");
    const unlisted = { identity: alice.account.addDevice() };
    const ghost = await commitRequestOf(group, { add: [await keyPackageOf(unlisted)] });
    expect(await send(ghost.request)).to.equal("commit-invalid");
    const { welcome: _left, ...silent } = ghost.request;
    expect(await send(silent)).to.equal("commit-invalid");
    const update = await commitRequestOf(group, {});
    expect(await send({ ...update.request, welcome: ghost.request.welcome })).to.equal("commit-invalid");
    expect(await send({ ...update.request, epoch: 2 })).to.equal("commit-invalid");
    expect((await alice.socket.request("log:read", { conversation, after: 0, limit: 10 })).head).to.equal(1);
  });

  it("is refused when it is another member's, or for another conversation", async () => {
    const one = await foundDirect(node, names());
    const other = await foundDirect(node, names());
    const { request } = await commitRequestOf(one.group, {});
    expect(await codeOf(one.bob.socket.request("conversation:commit", request))).to.equal("commit-invalid");
    const elsewhere = { ...request, conversation: other.conversation };
    expect(await codeOf(other.alice.socket.request("conversation:commit", elsewhere))).to.equal("commit-invalid");
  });

  it("opens a conversation under the id it was known by, unless another pair has it", async () => {
    const [one, other, third] = await Promise.all([...names(), `third-${turn}`].map((name) => newPerson(node, name)));
    const known = newId<ConversationId>();
    const peer = other!.account.user;
    const opened = await one!.socket.request("conversation:open", { peer, conversation: known });
    expect(opened.conversation).to.equal(known);
    const again = { peer: one!.account.user, conversation: newId<ConversationId>() };
    expect((await other!.socket.request("conversation:open", again)).conversation).to.equal(known);
    const theirs = await third!.socket.request("conversation:open", { peer, conversation: known });
    expect(theirs.conversation).not.to.equal(known);
    expect(theirs.users).to.include(third!.account.user);
  });

  it("founds a conversation once: the second founder is told that the group has moved on", async () => {
    const [alice, bob] = await Promise.all(names().map((name) => newPerson(node, name)));
    const { conversation } = await alice!.socket.request("conversation:open", { peer: bob!.account.user });
    const same = await bob!.socket.request("conversation:open", { peer: alice!.account.user });
    expect(same.conversation).to.equal(conversation);
    const founding = async (by: Person, other: Person) => foundingCommit(by, conversation, [await keyPackageOf(other)]);
    const [first, second] = [await founding(alice!, bob!), await founding(bob!, alice!)];
    await alice!.socket.request("conversation:commit", first.request);
    expect(await codeOf(bob!.socket.request("conversation:commit", second.request))).to.equal("stale-epoch");
  });
});
