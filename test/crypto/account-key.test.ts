import { expect } from "chai";
import { addDeviceEntry, revokeDeviceEntry } from "../../src/crypto/account-key.ts";
import { generateSigningKeyPair } from "../../src/crypto/signing-key.ts";
import { verifyCertificate } from "../../src/identity/device-certificate.ts";
import { extendDeviceList } from "../../src/identity/device-list.ts";
import { sodiumReady } from "../../src/identity/sodium.ts";
import { newId, type DeviceId, type UserId } from "../../src/protocol/ids.ts";
import { refusalOf } from "./example-message.ts";

describe("the account key", () => {
  before(sodiumReady);

  it("founds a device list, adds to it and revokes from it, as everybody can check", () => {
    const account = generateSigningKeyPair();
    const user = "alice" as UserId;
    const [first, second] = [newId<DeviceId>(), newId<DeviceId>()];
    const [firstKey, secondKey] = [generateSigningKeyPair().publicKey, generateSigningKeyPair().publicKey];

    const founding = addDeviceEntry(account.secretKey, undefined, { user, device: first, deviceKey: firstKey, at: 1 });
    let list = extendDeviceList(undefined, founding.entry, account.publicKey);
    const addition = addDeviceEntry(account.secretKey, list, { user, device: second, deviceKey: secondKey, at: 2 });
    list = extendDeviceList(list, addition.entry, account.publicKey);
    expect(verifyCertificate(addition.certificate, account.publicKey)).to.deep.include({ user, listVersion: 2 });
    list = extendDeviceList(
      list,
      revokeDeviceEntry(account.secretKey, list, { device: first, at: 3 }),
      account.publicKey,
    );

    expect(list.version).to.equal(3);
    expect(list.devices.get(first)?.revokedVersion).to.equal(3);
    expect(list.devices.get(second)?.revokedVersion).to.equal(undefined);
    expect(refusalOf(() => revokeDeviceEntry(account.secretKey, list, { device: newId(), at: 4 }))).to.match(
      /^device-unknown/,
    );
  });

  it("of somebody else signs nothing that extends the list", () => {
    const [account, other] = [generateSigningKeyPair(), generateSigningKeyPair()];
    const added = { user: "alice" as UserId, device: newId<DeviceId>(), deviceKey: other.publicKey, at: 1 };
    const { entry } = addDeviceEntry(other.secretKey, undefined, added);
    expect(() => extendDeviceList(undefined, entry, account.publicKey)).to.throw();
  });
});
