import { expect } from "chai";
import { mlsGroupEngine as engine } from "../../src/crypto/mls-group-engine.ts";
import type { Group } from "../../src/crypto/group-engine.ts";
import { codeOf } from "../support/device-socket.ts";
import { commitRequestOf, foundDirect, linkDevice, readdRequestOf, type Person } from "../support/direct-on-node.ts";
import { startGatewayNode, type GatewayNode } from "../support/gateway-node.ts";

const asksPerHour = 3;

describe("a device that is to be added again", () => {
  let node: GatewayNode;
  let turn = 0;
  before(async () => {
    node = await startGatewayNode({ rates: { readd: { amount: asksPerHour, periodMs: 60 * 60_000 } } });
  });
  after(() => node.close());

  const names = (): [string, string] => [`alice-${(turn += 1)}`, `bob-${turn}`];
  /** Asks, and gives the key package it asks with. */
  const ask = async (person: Pick<Person, "identity" | "socket">, { conversation }: Group) => {
    const { request, keyPackage } = await readdRequestOf(person, conversation);
    await person.socket.request("readd:request", request);
    return keyPackage;
  };
  const readd = async ({ socket }: Person, group: Group, leaf: number, keyPackage: Uint8Array) => {
    const { request } = await commitRequestOf(group, { remove: [leaf], add: [keyPackage] });
    return socket.request("conversation:commit", request);
  };
  const freshKeyPackage = async ({ identity }: Pick<Person, "identity">) =>
    (await engine.createKeyPackage(identity, 84)).publicBytes;

  it("asks the others, with its own signature and key package", async () => {
    const { alice, bob, conversation } = await foundDirect(node, names());
    const { request } = await readdRequestOf(bob, conversation);
    await bob.socket.request("readd:request", request);
    const heard = await alice.socket.hears("inbox:posted", ({ kind }) => kind === "readd");
    expect(heard).to.include({ kind: "readd", device: bob.identity.device, signature: request.signature });
    const inbox = await alice.socket.request("inbox:read", { after: 0 });
    expect(inbox.entries).to.deep.equal([heard]);
  });

  it("is removed and added in one commit, with what it asked with; its log begins there", async () => {
    const { alice, bob, conversation, group } = await foundDirect(node, names());
    const keyPackage = await ask(bob, group);
    expect(await readd(alice, group, 1, keyPackage)).to.include({ sequence: 2 });
    const page = await bob.socket.request("log:read", { conversation, after: 0, limit: 10 });
    expect(page.entries.map(({ sequence }) => sequence)).to.deep.equal([2]);
  });

  it("stays in, untouched, while it has not asked", async () => {
    const { alice, bob, conversation, group } = await foundDirect(node, names());
    const other = await foundDirect(node, names());
    await ask(other.bob, other.group);
    expect(await codeOf(readd(alice, group, 1, await freshKeyPackage(bob)))).to.equal("commit-invalid");
    expect((await bob.socket.request("log:read", { conversation, after: 0, limit: 10 })).head).to.equal(1);
  });

  it("is added with no other key package than the one it asked with last", async () => {
    const { alice, bob, group } = await foundDirect(node, names());
    const former = await ask(bob, group);
    await ask(bob, group);
    for (const keyPackage of [former, await freshKeyPackage(bob)]) {
      expect(await codeOf(readd(alice, group, 1, keyPackage))).to.equal("commit-invalid");
    }
  });

  it("is added once for each time that it asks", async () => {
    const { alice, bob, group } = await foundDirect(node, names());
    const keyPackage = await ask(bob, group);
    const { request, next } = await commitRequestOf(group, { remove: [1], add: [keyPackage] });
    await alice.socket.request("conversation:commit", request);
    expect(await codeOf(readd(alice, next, 1, keyPackage))).to.equal("commit-invalid");
  });

  it("asks for itself among its user's own devices, too", async () => {
    const { alice, group } = await foundDirect(node, names());
    const tablet = await linkDevice(node, alice);
    const added = await commitRequestOf(group, { add: [await freshKeyPackage(tablet)] });
    await alice.socket.request("conversation:commit", added.request);
    expect(await codeOf(readd(alice, added.next, 2, await freshKeyPackage(tablet)))).to.equal("commit-invalid");
    const keyPackage = await ask(tablet, added.next);
    expect(await readd(alice, added.next, 2, keyPackage)).to.include({ sequence: 3 });
  });

  it("asks a few times an hour, in each conversation", async () => {
    const { alice, bob, group } = await foundDirect(node, names());
    for (let asked = 0; asked < asksPerHour; asked += 1) await ask(bob, group);
    const refused = await ask(bob, group).catch((error: unknown) => error);
    expect(refused).to.include({ code: "rate-limited", retryable: true });
    expect(refused)
      .to.have.property("retryAfterMs")
      .within(60_000, 20 * 60_000);
    await ask(alice, group);
  });
});
