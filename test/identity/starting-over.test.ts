import { expect } from "chai";
import { resetEntry } from "../../src/crypto/account-key.ts";
import { generateSigningKeyPair } from "../../src/crypto/signing-key.ts";
import { accountKeyAt, extendDeviceList, verifyDeviceList } from "../../src/identity/device-list.ts";
import type { DeviceListEntry } from "../../src/identity/device-list.ts";
import { newId, type DeviceId } from "../../src/protocol/ids.ts";
import { AccountWithDevices, certify } from "../support/account-with-devices.ts";
import { refusal } from "../support/refusal.ts";

describe("a device list whose user starts over", () => {
  let alice: AccountWithDevices;
  let firstKey: Uint8Array;
  let phone: DeviceId;
  beforeEach(async () => {
    alice = await AccountWithDevices.of("alice");
    firstKey = alice.accountKeys.publicKey;
    phone = alice.addDevice().device;
    alice.addDevice();
  });

  it("goes on as one list, with the new device alone alive under the new key", () => {
    const before = alice.list!;
    const tablet = alice.startOver();
    const list = verifyDeviceList(alice.entries, alice.accountKeys.publicKey, before);
    expect(list.version).to.equal(3);
    expect(list.accountKey).to.deep.equal(tablet.accountKey);
    const live = [...list.devices].filter(([, { revokedVersion }]) => revokedVersion === undefined);
    expect(live.map(([device]) => device)).to.deep.equal([tablet.device]);
    expect(list.devices.get(phone)).to.include({ addedVersion: 1, revokedVersion: 3 });
  });

  it("keeps the keys of the devices before, and the account key that certified them", () => {
    alice.revokeDevice(phone);
    const { deviceKey } = alice.list!.devices.get(phone)!;
    alice.startOver();
    const device = alice.list!.devices.get(phone)!;
    expect(device).to.include({ revokedVersion: 3 });
    expect(device.deviceKey).to.deep.equal(deviceKey);
    expect(device.accountKey).to.deep.equal(firstKey);
  });

  it("verifies through several resets, each part under the key of its time", () => {
    const second = alice.startOver();
    alice.addDevice();
    const third = alice.startOver();
    alice.addDevice();
    const list = verifyDeviceList(alice.entries, third.accountKey);
    expect(list.version).to.equal(6);
    expect(list.devices.get(second.device)!.accountKey).to.deep.equal(second.accountKey);
    const keys = [1, 2, 3, 4, 5, 6].map((version) => accountKeyAt(alice.entries, version, third.accountKey));
    const [one, two, three] = [firstKey, second.accountKey, third.accountKey];
    expect(keys).to.deep.equal([one, one, two, two, three, three]);
  });

  it("is not the user's under another key than its end names: the one before, one of its past, one that it never had", async () => {
    const pinned = alice.list!;
    const second = alice.startOver();
    alice.startOver();
    const other = await AccountWithDevices.of("alice");
    for (const key of [firstKey, second.accountKey, other.accountKeys.publicKey]) {
      await refusal(() => verifyDeviceList(alice.entries, key, pinned), "untrusted-list");
    }
  });

  it("is refused as older where it ends before a reset that was seen", async () => {
    alice.startOver();
    const pinned = alice.list!;
    await refusal(() => verifyDeviceList(alice.entries.slice(0, 2), firstKey, pinned), "untrusted-list");
  });

  it("is refused as a fork where another reset stands in the place of one that was seen", async () => {
    const entries = [...alice.entries];
    const before = alice.list!;
    alice.startOver();
    const pinned = alice.list!;
    const forged = generateSigningKeyPair();
    const device = { user: alice.user, device: newId<DeviceId>(), deviceKey: new Uint8Array(32).fill(1), at: 1 };
    const fork = [...entries, resetEntry(forged.secretKey, before, device)];
    expect(verifyDeviceList(fork, forged.publicKey, before).version).to.equal(3);
    await refusal(() => verifyDeviceList(fork, forged.publicKey, pinned), "untrusted-list");
  });

  it("takes nothing that the key before signs after the reset", async () => {
    const { secretKey } = alice.accountKeys;
    alice.startOver();
    const key = { device: newId<DeviceId>(), deviceKey: new Uint8Array(32).fill(1) };
    const certificate = certify(alice, { ...key, listVersion: 4 }, secretKey);
    const late = alice.entry({ ...key, certificate }, secretKey);
    await refusal(() => extendDeviceList(alice.list, late, firstKey), "device-list-invalid");
    await refusal(() => extendDeviceList(alice.list, late, alice.accountKeys.publicKey), "device-list-invalid");
  });

  describe("refuses a reset", () => {
    const next = generateKeys();
    const device = newId<DeviceId>();
    const deviceKey = new Uint8Array(32).fill(7);

    function reset(change: Partial<DeviceListEntry> = {}, signer = next().secretKey): Uint8Array {
      const certificate = certify(alice, { device, deviceKey, listVersion: 3 }, next().secretKey);
      const accountKeys = { replaced: firstKey, next: next().publicKey };
      return alice.entry({ operation: "reset", device, deviceKey, certificate, accountKeys, ...change }, signer);
    }

    it("but not a good one", () => {
      expect(extendDeviceList(alice.list, reset(), next().publicKey).version).to.equal(3);
    });

    it("that the new key did not sign, though the key before did", async () => {
      const byFormer = reset({}, alice.accountKeys.secretKey);
      await refusal(() => extendDeviceList(alice.list, byFormer, next().publicKey), "device-list-invalid");
      await refusal(() => extendDeviceList(alice.list, byFormer, firstKey), "device-list-invalid");
      const byOther = reset({}, generateSigningKeyPair().secretKey);
      await refusal(() => extendDeviceList(alice.list, byOther, next().publicKey), "device-list-invalid");
    });

    it("that names another key before, or another one to come than signs", async () => {
      const other = generateSigningKeyPair().publicKey;
      for (const accountKeys of [
        { replaced: other, next: next().publicKey },
        { replaced: firstKey, next: other },
      ]) {
        await refusal(
          () => extendDeviceList(alice.list, reset({ accountKeys }), next().publicKey),
          "device-list-invalid",
        );
      }
    });

    it("whose device the new key did not certify, or that was in the list before", async () => {
      const byFormer = certify(alice, { device, deviceKey, listVersion: 3 });
      const again = certify(alice, { device: phone, deviceKey, listVersion: 3 }, next().secretKey);
      for (const change of [{ certificate: byFormer }, { device: phone, certificate: again }]) {
        await refusal(() => extendDeviceList(alice.list, reset(change), next().publicKey), "device-list-invalid");
      }
    });

    it("for another version, another head, another user, or the beginning of a list", async () => {
      for (const change of [{ version: 4 }, { version: 2 }, { previousHash: new Uint8Array(32) }]) {
        await refusal(() => extendDeviceList(alice.list, reset(change), next().publicKey), "device-list-conflict");
      }
      const bob = await AccountWithDevices.of("bob");
      const foreign = reset({ user: bob.user });
      await refusal(() => extendDeviceList(alice.list, foreign, next().publicKey), "device-list-invalid");
      const first = reset({ version: 1, previousHash: new Uint8Array(32) });
      await refusal(() => extendDeviceList(undefined, first, next().publicKey), "device-list-invalid");
    });

    it("back to a key that the list had", async () => {
      const former = alice.accountKeys;
      const again = (): Uint8Array => {
        const { version, head, accountKey } = alice.list!;
        const fresh = { user: alice.user, device: newId<DeviceId>(), deviceKey, at: 1 };
        return resetEntry(former.secretKey, { version, head, accountKey }, fresh);
      };
      await refusal(() => extendDeviceList(alice.list, again(), former.publicKey), "device-list-invalid");
      alice.startOver();
      await refusal(() => extendDeviceList(alice.list, again(), former.publicKey), "device-list-invalid");
    });
  });
});

/** One pair, made when the library is ready. */
function generateKeys(): () => ReturnType<typeof generateSigningKeyPair> {
  let keys: ReturnType<typeof generateSigningKeyPair> | undefined;
  return () => (keys ??= generateSigningKeyPair());
}
