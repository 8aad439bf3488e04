import { expect } from "chai";
import { certificateSignedBytes, decodeCertificate, verifyCertificate } from "../../src/identity/device-certificate.ts";
import { decodeDeviceListEntry, extendDeviceList, verifyDeviceList } from "../../src/identity/device-list.ts";
import { newId } from "../../src/protocol/ids.ts";
import type { DeviceId } from "../../src/protocol/ids.ts";
import { limits } from "../../src/protocol/limits.ts";
import { AccountWithDevices, certify } from "../support/account-with-devices.ts";
import { refusal } from "../support/refusal.ts";

describe("a device list", () => {
  let alice: AccountWithDevices;
  let key: Uint8Array;
  beforeEach(async () => {
    alice = await AccountWithDevices.of("alice");
    key = alice.accountKeys.publicKey;
  });

  it("knows every device, with the versions at which it came and went", () => {
    const [phone, laptop] = [alice.addDevice(), alice.addDevice()];
    alice.revokeDevice(phone.device);
    const list = verifyDeviceList(alice.entries, key);
    expect(list.version).to.equal(3);
    expect(list.devices.get(phone.device)).to.include({ addedVersion: 1, revokedVersion: 3 });
    expect(list.devices.get(laptop.device)!.revokedVersion).to.equal(undefined);
    expect(list.head).to.deep.equal(alice.list!.head);
  });

  it("stays as it was when it is extended", () => {
    alice.addDevice();
    const before = alice.list!;
    alice.addDevice();
    expect(before.devices.size).to.equal(1);
  });

  it("begins with a device", async () => {
    const entry = alice.entry({ operation: "revoke" });
    await refusal(() => extendDeviceList(undefined, entry, key), "device-list-invalid");
  });

  it("says that it has moved on to an entry for another version or another head", async () => {
    alice.addDevice();
    for (const change of [{ version: 3 }, { version: 1 }, { previousHash: new Uint8Array(32) }]) {
      const entry = alice.entry({ operation: "revoke", ...change });
      await refusal(() => extendDeviceList(alice.list, entry, key), "device-list-conflict");
    }
  });

  it("refuses a certificate for another device, key, version or user", async () => {
    const keys = [new Uint8Array(32).fill(1), new Uint8Array(32).fill(2)] as const;
    const device = newId<DeviceId>();
    const bob = await AccountWithDevices.of("bob");
    const { secretKey } = alice.accountKeys;
    const others = [
      certify(alice, { device: newId(), deviceKey: keys[0], listVersion: 1 }),
      certify(alice, { device, deviceKey: keys[1], listVersion: 1 }),
      certify(alice, { device, deviceKey: keys[0], listVersion: 2 }),
      certify(bob, { device, deviceKey: keys[0], listVersion: 1 }, secretKey),
    ];
    for (const certificate of others) {
      const entry = alice.entry({ device, deviceKey: keys[0], certificate });
      await refusal(() => extendDeviceList(undefined, entry, key), "device-list-invalid");
    }
  });

  it("refuses to revoke a device that is unknown, has another key, or is revoked", async () => {
    const phone = alice.addDevice();
    const { deviceKey } = alice.list!.devices.get(phone.device)!;
    const revoke = (change: object) => () =>
      extendDeviceList(
        alice.list,
        alice.entry({ operation: "revoke", device: phone.device, deviceKey, ...change }),
        key,
      );
    await refusal(revoke({ device: newId() }), "device-list-invalid");
    await refusal(revoke({ deviceKey: new Uint8Array(32) }), "device-list-invalid");
    await refusal(revoke({ certificate: phone.certificate }), "device-list-invalid");
    alice.revokeDevice(phone.device);
    await refusal(revoke({}), "device-list-invalid");
  });

  it("refuses an entry for another user, and one under another account key", async () => {
    alice.addDevice();
    const bob = await AccountWithDevices.of("bob");
    const foreign = alice.entry({ operation: "revoke", user: bob.user });
    await refusal(() => extendDeviceList(alice.list, foreign, key), "device-list-invalid");
    const signed = alice.entry({ operation: "revoke" }, bob.accountKeys.secretKey);
    await refusal(() => extendDeviceList(alice.list, signed, bob.accountKeys.publicKey), "device-list-invalid");
  });

  it("refuses what the account key did not sign: a false revocation, a true certificate in a false entry", async () => {
    const phone = alice.addDevice();
    const { deviceKey } = alice.list!.devices.get(phone.device)!;
    const next = { device: newId<DeviceId>(), deviceKey: new Uint8Array(32).fill(1) };
    const certificate = certify(alice, { ...next, listVersion: 2 });
    const { secretKey } = (await AccountWithDevices.of("mallory")).accountKeys;
    for (const change of [
      { operation: "revoke" as const, device: phone.device, deviceKey },
      { ...next, certificate },
    ]) {
      const forged = alice.entry(change, secretKey);
      await refusal(() => extendDeviceList(alice.list, forged, key), "device-list-invalid");
      expect(extendDeviceList(alice.list, alice.entry(change), key).version).to.equal(2);
    }
  });

  it("refuses bytes that are missing, left over, too many, or of another version", async () => {
    alice.addDevice();
    const entry = alice.entries[0]!;
    const damaged = [
      entry.slice(0, -1),
      new Uint8Array([...entry, 0]),
      new Uint8Array(limits.deviceListEntryBytes + 1),
    ];
    damaged.push(
      Uint8Array.from(entry, (byte, index) => (index === 0 ? 2 : byte)),
      new Uint8Array(),
    );
    for (const bytes of damaged) await refusal(() => extendDeviceList(undefined, bytes, key), "device-list-invalid");
    expect(decodeDeviceListEntry(entry).entry.user).to.equal(alice.user);
  });
});

describe("a device certificate", () => {
  it("verifies under its account key alone, and only unaltered", async () => {
    const alice = await AccountWithDevices.of("alice");
    const bob = await AccountWithDevices.of("bob");
    const phone = alice.addDevice();
    const certificate = verifyCertificate(phone.certificate, alice.accountKeys.publicKey);
    expect(certificate).to.include({ user: alice.user, device: phone.device, listVersion: 1 });
    expect(certificateSignedBytes(certificate)).to.deep.equal(
      certificateSignedBytes(decodeCertificate(phone.certificate).certificate),
    );
    await refusal(() => verifyCertificate(phone.certificate, bob.accountKeys.publicKey), "device-list-invalid");
    for (let at = 0; at < phone.certificate.length; at++) {
      const altered = phone.certificate.slice();
      altered[at]! ^= 1;
      await refusal(() => verifyCertificate(altered, alice.accountKeys.publicKey), "device-list-invalid");
    }
  });
});
