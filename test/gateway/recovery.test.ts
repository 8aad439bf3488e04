import { expect } from "chai";
import {
  addDeviceEntry,
  revokeDeviceEntry,
  signRecoveryStatement,
  signRecoveryVault,
} from "../../src/crypto/account-key.ts";
import { newArchiveKey } from "../../src/crypto/archive.ts";
import { xWing } from "../../src/crypto/primitives/kem.ts";
import { grantToRecoveryKey } from "../../src/crypto/recovery-grant.ts";
import { generateSigningKeyPair } from "../../src/crypto/signing-key.ts";
import { extendDeviceList } from "../../src/identity/device-list.ts";
import { toBase64 } from "../../src/protocol/base64.ts";
import { newId, userId, type DeviceId } from "../../src/protocol/ids.ts";
import type { RequestOf } from "../../src/protocol/requests.ts";
import { codeOf, DeviceSocket } from "../support/device-socket.ts";
import { linkDevice, newPerson, type Person } from "../support/direct-on-node.ts";
import { startGatewayNode, type GatewayNode } from "../support/gateway-node.ts";

describe("a recovery key at a node", () => {
  let node: GatewayNode;
  const publicKey = new Uint8Array(1216).fill(5);
  before(async () => {
    node = await startGatewayNode();
  });
  after(() => node.close());

  const vault = new Uint8Array(16_424).fill(9);
  const putOf = ({ account }: Person, version: number, secretKey = account.accountKeys.secretKey) => {
    const statement = { user: account.user, version, publicKey, madeAt: 1_700_000_000_000 };
    const signature = toBase64(signRecoveryStatement(secretKey, statement));
    const { madeAt } = statement;
    return { after: version - 1, version, publicKey: toBase64(publicKey), madeAt, signature, vault: toBase64(vault) };
  };
  const saveOf = (
    { account }: Person,
    version: number,
    revision: number,
    secretKey = account.accountKeys.secretKey,
  ): RequestOf<"recovery:save"> => {
    const signature = signRecoveryVault(secretKey, { user: account.user, version, revision, sealed: vault });
    return { version, revision, vault: toBase64(vault), signature: toBase64(signature) };
  };
  const grantOf = async ({ account, identity }: Pick<Person, "account" | "identity">, version: number) => {
    const key = newArchiveKey(1, 1);
    const { publicKey: kemKey } = xWing.generateKeyPair();
    const grant = await grantToRecoveryKey(identity, { user: account.user, version }, kemKey, key);
    const { encapsulated, sealed, signature, ...rest } = grant;
    const bytes = { encapsulated: toBase64(encapsulated), sealed: toBase64(sealed), signature: toBase64(signature) };
    return { ...rest, ...bytes };
  };

  it("is told to the user's other devices, and fetched by a token alone", async () => {
    const alice = await newPerson(node, "alice");
    const second = await linkDevice(node, alice);
    expect(await second.socket.request("recovery:read", {})).to.deep.equal({ key: null });
    const told = second.socket.hears("devices:changed");
    await alice.socket.request("recovery:put", putOf(alice, 1));
    await told;
    const grant = await grantOf({ ...alice, identity: second.identity }, 1);
    await second.socket.request("recovery:grant", { version: 1, grants: [grant] });
    const { version, madeAt, signature, publicKey: key } = putOf(alice, 1);
    const statement = { version, publicKey: key, madeAt, signature };
    expect(await second.socket.request("recovery:read", {})).to.deep.equal({
      key: { ...statement, revision: 1, granted: [{ generation: 1, by: second.identity.device }] },
    });
    const fresh = await DeviceSocket.connectAs(node, alice.account.user);
    expect(await fresh.request("recovery:fetch", {})).to.deep.equal({
      ...statement,
      revision: 1,
      vault: toBase64(vault),
      grants: [grant],
    });
    expect(await codeOf(fresh.request("recovery:read", {}))).to.equal("unauthenticated");
    const other = await DeviceSocket.connectAs(node, userId.parse("somebody-else"));
    expect(await codeOf(other.request("recovery:fetch", {}))).to.equal("recovery-unknown");
    for (const socket of [alice.socket, second.socket, fresh, other]) socket.close();
  });

  it("is taken where the account key has signed it, in its turn", async () => {
    const bob = await newPerson(node, "bob");
    const stranger = generateSigningKeyPair();
    const put = putOf(bob, 1);
    const refusals: [string, RequestOf<"recovery:put">][] = [
      ["forbidden", putOf(bob, 1, stranger.secretKey)],
      ["forbidden", { ...put, version: 2, after: 0 }],
      ["forbidden", { ...put, madeAt: put.madeAt + 1 }],
      ["forbidden", { ...put, publicKey: toBase64(publicKey.map((byte) => byte ^ 1)) }],
      ["forbidden", putOf(bob, 1, bob.identity.deviceSecretKey)],
      ["invalid-request", { ...put, vault: null }],
      ["invalid-request", { ...put, publicKey: toBase64(publicKey.slice(1)) }],
      ["invalid-request", { ...put, vault: toBase64(new Uint8Array(1024 * 1024 + 41)) }],
      ["recovery-conflict", { ...put, after: 1 }],
    ];
    for (const [code, request] of refusals) {
      expect(await codeOf(bob.socket.request("recovery:put", request))).to.equal(code);
    }
    expect(await bob.socket.request("recovery:read", {})).to.deep.equal({ key: null });
    await bob.socket.request("recovery:put", put);
    expect(await codeOf(bob.socket.request("recovery:put", put))).to.equal("recovery-conflict");
    bob.socket.close();
  });

  it("has a vault that only the account key replaces", async () => {
    const carol = await newPerson(node, "carol");
    const second = await linkDevice(node, carol);
    await carol.socket.request("recovery:put", putOf(carol, 1));
    const spoiled = saveOf(carol, 1, 2, second.identity.deviceSecretKey);
    expect(await codeOf(second.socket.request("recovery:save", spoiled))).to.equal("forbidden");
    const shifted = { ...saveOf(carol, 1, 3), revision: 2 };
    expect(await codeOf(carol.socket.request("recovery:save", shifted))).to.equal("forbidden");
    expect(await codeOf(carol.socket.request("recovery:save", saveOf(carol, 1, 3)))).to.equal("recovery-conflict");
    expect(await codeOf(carol.socket.request("recovery:save", saveOf(carol, 2, 2)))).to.equal("recovery-conflict");
    await carol.socket.request("recovery:save", saveOf(carol, 1, 2));
    expect((await carol.socket.request("recovery:read", {})).key).to.include({ revision: 2 });
    for (const { socket } of [carol, second]) socket.close();
  });

  it("takes archive keys that the very device has signed, for the key that counts", async () => {
    const dave = await newPerson(node, "dave");
    const second = await linkDevice(node, dave);
    await dave.socket.request("recovery:put", putOf(dave, 1));
    const grant = await grantOf(dave, 1);
    for (const [code, by, version, changed] of [
      ["forbidden", second, 1, grant],
      ["forbidden", second, 1, { ...grant, by: second.identity.device }],
      ["forbidden", dave, 1, { ...grant, generation: 2 }],
      ["forbidden", dave, 1, { ...grant, listVersion: 2 }],
      ["forbidden", dave, 2, grant],
      ["recovery-conflict", dave, 2, await grantOf(dave, 2)],
    ] as const) {
      expect(await codeOf(by.socket.request("recovery:grant", { version, grants: [changed] }))).to.equal(code);
    }
    expect((await dave.socket.request("recovery:read", {})).key?.granted).to.deep.equal([]);
    for (const { socket } of [dave, second]) socket.close();
  });

  describe("by which a device is restored", () => {
    const entryOf = (
      { account }: Person,
      keys = generateSigningKeyPair(),
      secretKey = account.accountKeys.secretKey,
    ) => {
      const [device, { user }] = [newId<DeviceId>(), account];
      const added = { user, device, deviceKey: keys.publicKey, at: 1 };
      return { device, keys, ...addDeviceEntry(secretKey, account.list, added) };
    };
    const restore = (socket: DeviceSocket, { account }: Person, entry: ReturnType<typeof entryOf>) =>
      socket.request("session:restore", {
        device: entry.device,
        entry: toBase64(entry.entry),
        signature: socket.signChallenge({
          user: account.user,
          device: entry.device,
          deviceSecretKey: entry.keys.secretKey,
        }),
      });

    it("admits it, tells the others, and finds it done when its answer was lost", async () => {
      const erin = await newPerson(node, "erin");
      const entry = entryOf(erin);
      const told = erin.socket.hears("devices:changed", ({ version }) => version === 2);
      for (let turn = 0; turn < 2; turn += 1) {
        const fresh = await DeviceSocket.connectAs(node, erin.account.user);
        expect(await restore(fresh, erin, entry)).to.include({ user: "erin", device: entry.device, listVersion: 2 });
        fresh.close();
      }
      await told;
      erin.socket.close();
    });

    it("refuses what the account key has not signed, or is for another device, key, user or place", async () => {
      const fay = await newPerson(node, "fay");
      const other = await newPerson(node, "gil");
      const fresh = await DeviceSocket.connectAs(node, fay.account.user);
      const entry = entryOf(fay);
      const stranger = generateSigningKeyPair();
      const forged = entryOf(fay, stranger, stranger.secretKey);
      expect(await codeOf(restore(fresh, fay, forged))).to.equal("device-list-invalid");
      expect(await codeOf(restore(fresh, fay, { ...entry, device: newId() }))).to.equal("device-list-invalid");
      expect(await codeOf(restore(fresh, fay, { ...entry, keys: stranger }))).to.equal("admission-refused");
      expect(await codeOf(restore(fresh, fay, entryOf(other)))).to.match(/^device-list-/);
      const nobody = await DeviceSocket.connectAs(node, userId.parse("nobody"));
      expect(await codeOf(restore(nobody, fay, entry))).to.equal("device-unknown");
      expect((await node.store.readDeviceLists([{ user: fay.account.user, after: 0 }]))[0]!.version).to.equal(1);
      for (const socket of [fay.socket, other.socket, fresh, nobody]) socket.close();
    });

    it("lets no device back in that was revoked since", async () => {
      const hal = await newPerson(node, "hal");
      const entry = entryOf(hal);
      const fresh = await DeviceSocket.connectAs(node, hal.account.user);
      await restore(fresh, hal, entry);
      const gone = fresh.disconnected();
      const { publicKey: accountKey, secretKey } = hal.account.accountKeys;
      const list = extendDeviceList(hal.account.list, entry.entry, accountKey);
      const revocation = revokeDeviceEntry(secretKey, list, { device: entry.device, at: 1 });
      await hal.socket.request("devices:revoke", { entry: toBase64(revocation) });
      await gone;
      const again = await DeviceSocket.connectAs(node, hal.account.user);
      expect(await codeOf(restore(again, hal, entry))).to.equal("device-revoked");
      for (const socket of [hal.socket, again]) socket.close();
    });
  });

  it("is fetched a few times a day, and written a number of times an hour", async () => {
    const once = { amount: 1, periodMs: 86_400_000 };
    const strict = await startGatewayNode({ rates: { recovery: once, vault: once } });
    try {
      const ida = await newPerson(strict, "ida");
      await ida.socket.request("recovery:put", putOf(ida, 1));
      expect(await codeOf(ida.socket.request("recovery:save", saveOf(ida, 1, 2)))).to.equal("rate-limited");
      const fresh = await DeviceSocket.connectAs(strict, ida.account.user);
      await fresh.request("recovery:fetch", {});
      expect(await codeOf(fresh.request("recovery:fetch", {}))).to.equal("rate-limited");
      await ida.socket.request("recovery:fetch", {});
      for (const socket of [ida.socket, fresh]) socket.close();
    } finally {
      await strict.close();
    }
  });
});
