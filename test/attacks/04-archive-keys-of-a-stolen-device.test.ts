import { expect } from "chai";
import { isArchiveKeyOf, newArchiveKey } from "../../src/crypto/archive.ts";
import { grantToRecoveryKey } from "../../src/crypto/recovery-grant.ts";
import { memoryStore, type Client, type ClientStore } from "../../src/client/index.ts";
import { toBase64 } from "../../src/protocol/base64.ts";
import { eventually } from "../support/eventually.ts";
import { archiveGenerations, coreOf } from "../support/held-state.ts";
import { MaliciousNode } from "../support/malicious-node.ts";
import { People } from "../support/people.ts";

describe("attack 4: archive keys of a stolen device that is not revoked, under the names of others", function () {
  this.timeout(60_000);
  let node: MaliciousNode;
  let people: People;
  let ann: Client;
  let tablet: Client;
  let thief: Client;
  let store: ClientStore;
  beforeEach(async () => {
    node = await MaliciousNode.start();
    people = new People(() => node.url);
    ann = await people.online("ann");
    store = memoryStore();
    tablet = await people.linked(ann, { store });
    thief = await people.linked(ann);
  });
  afterEach(async () => {
    node.behave();
    await people.close();
    await node.close();
  });

  /** Signed by nobody, for the tablet; the node cannot tell. */
  const giveTablet = (generation: number): Promise<unknown> => {
    const bytes = { encapsulated: toBase64(new Uint8Array(1120)), sealed: toBase64(new Uint8Array(48)) };
    const names = { device: tablet.device, generation, listVersion: 3, keyPackage: toBase64(new Uint8Array(32)) };
    const grant = { ...names, ...bytes, signature: toBase64(new Uint8Array(64)) };
    return coreOf(thief).connection.request("archive:grant", { grants: [grant] });
  };
  /** A key of its own making, well signed by the thief's device. */
  const giveRecovery = async (generation: number, listVersion: number): Promise<unknown> => {
    const { own, connection } = coreOf(thief);
    const { version, publicKey } = (await node.inner.store.readRecoveryKey(ann.user))!;
    const place = { user: ann.user, version };
    const key = newArchiveKey(generation, listVersion);
    const grant = await grantToRecoveryKey(own.identity(), place, publicKey!, key);
    const { encapsulated, sealed, signature } = grant;
    const bytes = { encapsulated: toBase64(encapsulated), sealed: toBase64(sealed), signature: toBase64(signature) };
    return connection.request("recovery:grant", { version, grants: [{ ...grant, ...bytes }] });
  };
  const keysOf = (client: Client): Uint8Array[] => coreOf(client).own.archiveKeys.map(({ key }) => key);

  it("(4) take the place of none that was handed to another device, before or after it", async () => {
    const lost = await people.linked(ann);
    await giveTablet(2);
    // It finds what waits for it when both are there.
    await tablet.close();
    people.forget(tablet);
    await ann.devices.revoke(lost.device);
    await eventually(() => expect(archiveGenerations(ann)).to.deep.equal([1, 2]));
    await eventually(async () => {
      const given = await node.inner.store.readArchiveGrants(tablet.device);
      expect(given.filter(({ generation }) => generation === 2)).to.have.length(2);
    });
    await giveTablet(2);
    const again = await people.online("ann", { store });
    expect(keysOf(again)).to.deep.equal(keysOf(ann));
  });

  it("(4) take the place of none that comes back by the words, whenever they came", async () => {
    const words = await ann.recovery.enable();
    await giveRecovery(1, 1);
    await giveRecovery(2, 4);
    const lost = await people.linked(ann);
    await ann.devices.revoke(lost.device);
    await eventually(async () => {
      await ann.sync();
      const { granted } = (await node.inner.store.readRecoveryKey(ann.user))!;
      const byAnn = granted.filter(({ by }) => by === ann.device).map(({ generation }) => generation);
      expect(byAnn).to.deep.equal([1, 2]);
    });
    const phone = await people.open("ann");
    await phone.recovery.restore(words);
    expect(keysOf(phone)).to.deep.equal(keysOf(ann));
  });

  it("are told by whose list entry a generation goes back to", () => {
    const made = (generation: number, listVersion: number, addedVersion: number): boolean =>
      isArchiveKeyOf(addedVersion, { generation, listVersion });
    expect([made(1, 1, 1), made(1, 9, 9), made(2, 7, 1), made(1026, 7, 1), made(5, 7, 4)]).to.not.include(false);
    expect([made(1, 1, 2), made(1, 9, 1), made(2, 7, 2), made(1025, 7, 1), made(4, 7, 4)]).to.not.include(true);
  });
});
