import { expect } from "chai";
import { resetEntry } from "../../src/crypto/account-key.ts";
import { generateSigningKeyPair } from "../../src/crypto/signing-key.ts";
import { toBase64 } from "../../src/protocol/base64.ts";
import { newId, userId, type DeviceId } from "../../src/protocol/ids.ts";
import { codeOf, DeviceSocket } from "../support/device-socket.ts";
import { foundDirect, linkDevice, newPerson, publishKeyPackages } from "../support/direct-on-node.ts";
import { startGatewayNode, type GatewayNode } from "../support/gateway-node.ts";

describe("a user who starts over", () => {
  let node: GatewayNode;
  before(async () => {
    node = await startGatewayNode();
  });
  after(() => node.close());

  it("is told where its list stands, and nobody else's", async () => {
    const { account, identity } = await newPerson(node, "alice");
    const fresh = await DeviceSocket.connectAs(node, account.user);
    const { accountKey, version, head } = account.list!;
    const standing = { accountKey: toBase64(accountKey), version, head: toBase64(head) };
    expect(await fresh.request("devices:head", {})).to.deep.equal(standing);
    const nobody = await DeviceSocket.connectAs(node, userId.parse("nobody"));
    expect(await codeOf(nobody.request("devices:head", {}))).to.equal("device-unknown");
    await fresh.prove(identity);
    expect(await codeOf(fresh.request("devices:head", {}))).to.equal("invalid-request");
    fresh.close();
    nobody.close();
  });

  it("is admitted with the new device, and all devices before are closed out and revoked", async () => {
    const { alice, bob } = await foundDirect(node, ["anna", "ben"]);
    const laptop = await linkDevice(node, bob);
    const gone = [bob.socket.disconnected(), laptop.socket.disconnected()];
    const fresh = await DeviceSocket.connectAs(node, bob.account.user);
    const tablet = bob.account.startOver();
    expect(await fresh.reset(bob.account, tablet)).to.include({ user: "ben", device: tablet.device, listVersion: 3 });
    await Promise.all(gone);
    for (const { socket, identity } of [bob, laptop]) {
      expect(await socket.hears("session:closing")).to.deep.equal({ code: "device-revoked" });
      const again = await DeviceSocket.connectAs(node, bob.account.user);
      expect(await codeOf(again.prove(identity))).to.equal("device-revoked");
      again.close();
    }
    expect(await alice.socket.hears("devices:changed", ({ version }) => version === 3)).to.have.property("user", "ben");
    const { users } = await alice.socket.request("devices:read", { users: [{ user: bob.account.user, after: 2 }] });
    expect(users).to.deep.equal([
      { user: "ben", accountKey: toBase64(tablet.accountKey), entries: [toBase64(bob.account.entries[2]!)] },
    ]);
    await publishKeyPackages({ identity: tablet, socket: fresh });
    expect(await node.store.countKeyPackages(tablet.device)).to.have.length(1);
    fresh.close();
  });

  it("starts over once, although its answer was lost and it asks again", async () => {
    const { account, socket } = await newPerson(node, "carol");
    const tablet = account.startOver();
    for (const version of [2, 2]) {
      const fresh = await DeviceSocket.connectAs(node, account.user);
      expect(await fresh.reset(account, tablet)).to.include({ listVersion: version });
      fresh.close();
    }
    socket.close();
  });

  it("proves that it holds the key of the device that comes", async () => {
    const { account, identity, socket } = await newPerson(node, "dave");
    const fresh = await DeviceSocket.connectAs(node, account.user);
    const tablet = account.startOver();
    const stolen = { ...tablet, deviceSecretKey: identity.deviceSecretKey };
    expect(await codeOf(fresh.reset(account, stolen))).to.equal("admission-refused");
    expect(await node.store.findDevice(identity.device)).to.have.property("revokedAt", null);
    expect(socket.socket.connected).to.equal(true);
    fresh.close();
    socket.close();
  });

  it("is refused with an entry of another kind, user, device, account key, or place in the list", async () => {
    const { account, socket } = await newPerson(node, "erin");
    const other = await newPerson(node, "frank");
    const fresh = await DeviceSocket.connectAs(node, account.user);
    const keys = generateSigningKeyPair();
    const device = generateSigningKeyPair();
    const id = newId<DeviceId>();
    const before = account.list!;
    const entryOf = (head: typeof before, user = account.user): Uint8Array =>
      resetEntry(keys.secretKey, head, { user, device: id, deviceKey: device.publicKey, at: 1 });
    const signature = fresh.signChallenge({ user: account.user, device: id, deviceSecretKey: device.secretKey });
    const ask = (entry: Uint8Array, accountKey = keys.publicKey, named = id): Promise<string> =>
      codeOf(
        fresh.request("session:reset", {
          device: named,
          accountKey: toBase64(accountKey),
          entry: toBase64(entry),
          signature,
        }),
      );
    expect(await ask(entryOf(before, other.account.user))).to.equal("device-list-invalid");
    expect(await ask(entryOf(before), before.accountKey)).to.equal("device-list-invalid");
    expect(await ask(entryOf(before), keys.publicKey, newId())).to.equal("device-list-invalid");
    expect(await ask(account.entries[0]!, before.accountKey)).to.equal("device-list-conflict");
    expect(await ask(entryOf({ ...before, accountKey: other.account.list!.accountKey }))).to.equal(
      "device-list-invalid",
    );
    expect(await ask(entryOf({ ...before, version: 2 }))).to.equal("device-list-conflict");
    expect(await ask(entryOf({ ...before, head: new Uint8Array(32) }))).to.equal("device-list-conflict");
    expect((await node.store.readDeviceLists([{ user: account.user, after: 0 }]))[0]!.version).to.equal(1);
    for (const one of [fresh, socket, other.socket]) one.close();
  });

  it("passes no reset in where a device is linked or revoked", async () => {
    const { account, socket } = await newPerson(node, "grace");
    account.startOver();
    const entry = toBase64(account.entries.at(-1)!);
    expect(await codeOf(socket.request("devices:revoke", { entry }))).to.equal("device-list-invalid");
    socket.close();
  });

  it("starts over so many times a day", async () => {
    const strict = await startGatewayNode({ rates: { reset: { amount: 2, periodMs: 86_400_000 } } });
    try {
      const { account, socket } = await newPerson(strict, "ivan");
      socket.close();
      const codes: string[] = [];
      for (let count = 0; count < 3; count++) {
        const fresh = await DeviceSocket.connectAs(strict, account.user);
        const asked = fresh.reset(account, account.startOver()).then(() => "admitted");
        codes.push(await asked.catch((error: { code: string }) => error.code));
        fresh.close();
      }
      expect(codes).to.deep.equal(["admitted", "admitted", "rate-limited"]);
    } finally {
      await strict.close();
    }
  });
});
