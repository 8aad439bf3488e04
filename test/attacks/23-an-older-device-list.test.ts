import { expect } from "chai";
import { verifyDeviceList } from "../../src/identity/device-list.ts";
import { AccountWithDevices } from "../support/account-with-devices.ts";
import { refusal } from "../support/refusal.ts";

describe("attack 23: the server shows an older device list", () => {
  let alice: AccountWithDevices;
  let key: Uint8Array;
  beforeEach(async () => {
    alice = await AccountWithDevices.of("alice");
    key = alice.accountKeys.publicKey;
    alice.addDevice();
    alice.revokeDevice(alice.addDevice().device);
  });

  it("(23) refuses the list from before a revocation, to who has seen the revocation", async () => {
    const pinned = verifyDeviceList(alice.entries, key);
    for (const count of [0, 1, 2]) {
      await refusal(() => verifyDeviceList(alice.entries.slice(0, count), key, pinned), "untrusted-list");
    }
  });

  it("(23) refuses a fork: another entry in the place of one that was seen, though the account signed it", async () => {
    const pinned = verifyDeviceList(alice.entries, key);
    const before = verifyDeviceList(alice.entries.slice(0, 2), key);
    const survivor = [...before.devices.keys()][0]!;
    const { deviceKey } = before.devices.get(survivor)!;
    const change = { version: 3, previousHash: before.head, operation: "revoke" as const, device: survivor, deviceKey };
    const fork = [...alice.entries.slice(0, 2), alice.entry(change)];
    expect(verifyDeviceList(fork, key).version).to.equal(3);
    await refusal(() => verifyDeviceList(fork, key, pinned), "untrusted-list");
  });

  it("(23) refuses entries left out, swapped, doubled or altered, and another account's list", async () => {
    const [first, second, third] = alice.entries as [Uint8Array, Uint8Array, Uint8Array];
    const altered = third.slice();
    altered[altered.length - 70]! ^= 1;
    for (const entries of [
      [first, third],
      [second, first, third],
      [first, second, second],
      [first, second, altered],
    ]) {
      await refusal(() => verifyDeviceList(entries, key), "untrusted-list");
    }
    const other = await AccountWithDevices.of("alice");
    await refusal(() => verifyDeviceList(alice.entries, other.accountKeys.publicKey), "untrusted-list");
  });

  it("(23) takes a list that goes on from what was seen", () => {
    const pinned = verifyDeviceList(alice.entries, key);
    alice.addDevice();
    const list = verifyDeviceList(alice.entries, key, pinned);
    expect(list.version).to.equal(4);
    expect([...list.devices.values()].filter((device) => device.revokedVersion === undefined)).to.have.length(2);
  });
});
