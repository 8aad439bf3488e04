import { expect } from "chai";
import { mlsGroupEngine as engine } from "../../src/crypto/mls-group-engine.ts";
import { sign } from "../../src/crypto/signing-key.ts";
import { readdRequestBytes } from "../../src/identity/readd.ts";
import { toBase64 } from "../../src/protocol/base64.ts";
import { newId, type ConversationId } from "../../src/protocol/ids.ts";
import type { Group } from "../../src/crypto/group-engine.ts";
import { codeOf } from "../support/device-socket.ts";
import { foundDirect, foundingCommit, linkDevice, newPerson, type Person } from "../support/direct-on-node.ts";
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
  const requestOf = async (
    conversation: ConversationId,
    group: Group,
    changes: { add?: Uint8Array[]; remove?: number[] },
  ) => {
    const { commit, welcome, next } = await engine.prepareCommit(group, changes);
    const { generation, epoch } = group;
    const wire = { commit: toBase64(commit), ...(welcome && { welcome: toBase64(welcome) }) };
    return { request: { conversation, generation, epoch, id: newId<never>(), ...wire }, next };
  };

  it("is answered the second time as the first, and is stale when another took its epoch", async () => {
    const { alice, bob, conversation, group } = await foundDirect(node, names());
    const { request } = await requestOf(conversation, group, {});
    const first = await alice.socket.request("conversation:commit", request);
    expect(first).to.include({ sequence: 2 });
    const posted = await bob.socket.hears("message:posted", ({ sequence }) => sequence === 2);
    expect(posted).to.include({ kind: "commit", epoch: 1, payload: request.commit, number: 0 });
    expect(await alice.socket.request("conversation:commit", request)).to.deep.equal(first);
    const { request: rival } = await requestOf(conversation, group, {});
    expect(await codeOf(alice.socket.request("conversation:commit", rival))).to.equal("stale-epoch");
  });

  it("adds a linked device, whose log begins there, and tells it through its inbox", async () => {
    const { alice, bob, conversation, group } = await foundDirect(node, names());
    const tablet = await linkDevice(node, alice);
    const add = [await keyPackageOf(tablet)];
    const { request } = await requestOf(conversation, group, { add });
    await alice.socket.request("conversation:commit", request);
    expect(await tablet.socket.hears("inbox:posted")).to.include({ kind: "welcome", welcome: request.welcome });
    const page = await tablet.socket.request("log:read", { conversation, after: 0, limit: 10 });
    expect(page.entries.map(({ sequence }) => sequence)).to.deep.equal([2]);
    const { conversations } = await bob.socket.request("conversation:list", { limit: 10 });
    const devices = [alice.identity.device, bob.identity.device, tablet.identity.device];
    expect(conversations[0]!.leaves).to.deep.equal(devices);
  });

  it("may remove the sender's own devices and revoked ones, not the other user's", async () => {
    const { alice, bob, conversation, group } = await foundDirect(node, names());
    const refused = await requestOf(conversation, group, { remove: [1] });
    expect(await codeOf(alice.socket.request("conversation:commit", refused.request))).to.equal("commit-invalid");
    const stolen = await linkDevice(node, bob);
    const added = await requestOf(conversation, group, { add: [await keyPackageOf(stolen)] });
    await alice.socket.request("conversation:commit", added.request);
    bob.account.revokeDevice(stolen.identity.device);
    const entry = toBase64(bob.account.entries.at(-1)!);
    await bob.socket.request("devices:revoke", { entry });
    const removed = await requestOf(conversation, added.next, { remove: [2] });
    await alice.socket.request("conversation:commit", removed.request);
    const { conversations } = await alice.socket.request("conversation:list", { limit: 10 });
    expect(conversations[0]!.leaves).to.deep.equal([alice.identity.device, bob.identity.device]);
  });

  it("re-adds a device by one Remove and Add, whoever's it is", async () => {
    const { alice, bob, conversation, group } = await foundDirect(node, names());
    const add = [await keyPackageOf(bob)];
    const { request } = await requestOf(conversation, group, { remove: [1], add });
    expect(await alice.socket.request("conversation:commit", request)).to.include({ sequence: 2 });
    const page = await bob.socket.request("log:read", { conversation, after: 0, limit: 10 });
    expect(page.entries.map(({ sequence }) => sequence)).to.deep.equal([2]);
  });

  it("is refused when it adds a stranger, an unlisted device, or brings no Welcome", async () => {
    const { alice, conversation, group } = await foundDirect(node, names());
    const mallory = await newPerson(node, `mallory-${turn}`);
    const send = (request: object) => codeOf(alice.socket.request("conversation:commit", request as never));
    const stranger = await requestOf(conversation, group, { add: [await keyPackageOf(mallory)] }).catch(
      () => undefined,
    );
    if (stranger) expect(await send(stranger.request)).to.equal("commit-invalid");
    const unlisted = { identity: alice.account.addDevice() };
    const ghost = await requestOf(conversation, group, { add: [await keyPackageOf(unlisted)] });
    expect(await send(ghost.request)).to.equal("commit-invalid");
    const { welcome: _left, ...silent } = ghost.request;
    expect(await send(silent)).to.equal("commit-invalid");
    const update = await requestOf(conversation, group, {});
    expect(await send({ ...update.request, welcome: ghost.request.welcome })).to.equal("commit-invalid");
    expect(await send({ ...update.request, epoch: 2 })).to.equal("commit-invalid");
    expect((await alice.socket.request("log:read", { conversation, after: 0, limit: 10 })).head).to.equal(1);
  });

  it("is refused when it is another member's, or for another conversation", async () => {
    const one = await foundDirect(node, names());
    const other = await foundDirect(node, names());
    const { request } = await requestOf(one.conversation, one.group, {});
    expect(await codeOf(one.bob.socket.request("conversation:commit", request))).to.equal("commit-invalid");
    const elsewhere = { ...request, conversation: other.conversation };
    expect(await codeOf(other.alice.socket.request("conversation:commit", elsewhere))).to.equal("commit-invalid");
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

  it("asks the others to add a device again, with its own signature and key package", async () => {
    const { alice, bob, conversation } = await foundDirect(node, names());
    const keyPackage = await keyPackageOf(bob);
    const { device, deviceSecretKey } = bob.identity;
    const place = { conversation, generation: 1, epoch: 1 };
    const signature = toBase64(sign(deviceSecretKey, readdRequestBytes({ ...place, keyPackage, device })));
    await bob.socket.request("readd:request", { ...place, keyPackage: toBase64(keyPackage), signature });
    const heard = await alice.socket.hears("inbox:posted", ({ kind }) => kind === "readd");
    expect(heard).to.include({ kind: "readd", device, signature });
    const inbox = await alice.socket.request("inbox:read", { after: 0 });
    expect(inbox.entries).to.deep.equal([heard]);
  });
});
