import { expect } from "chai";
import { encodeCredential, verifyCredential } from "../../src/identity/device-credential.ts";
import { verifyCertificate } from "../../src/identity/device-certificate.ts";
import { extendDeviceList } from "../../src/identity/device-list.ts";
import { toHex } from "../../src/protocol/equal-bytes.ts";
import { safetyNumber } from "../../src/identity/safety-number.ts";
import { mlsGroupEngine as engine } from "../../src/crypto/mls-group-engine.ts";
import { decodeKeyPackage } from "../../src/crypto/key-package.ts";
import { toBase64 } from "../../src/protocol/base64.ts";
import { deviceId } from "../../src/protocol/ids.ts";
import { AccountWithDevices, certify } from "../support/account-with-devices.ts";
import { DirectGroup, bothSuites } from "../support/direct-group.ts";
import { forgeCommit } from "../support/forged-commit.ts";
import { brokenRule, refusal } from "../support/refusal.ts";

describe("attack 2: an id that equals a key's fingerprint", () => {
  const spellings = (key: Uint8Array) => [toHex(key), toBase64(key), toHex(key).slice(0, 32)];

  it("(2) refuses a device whose id is a key: ids are UUIDv7 and nothing else", async () => {
    const bob = await AccountWithDevices.of("bob");
    for (const name of spellings(bob.accountKeys.publicKey)) expect(deviceId.safeParse(name).success).to.equal(false);
  });

  it("(2) refuses the account key as a device's key, which would let it stand for both", async () => {
    const alice = await AccountWithDevices.of("alice");
    alice.addDevice();
    const device = deviceId.parse("01890a5d-ac96-774b-bcce-b302099a8057");
    const deviceKey = alice.accountKeys.publicKey;
    const certificate = certify(alice, { device, deviceKey, listVersion: 2 });
    const entry = alice.entry({ device, deviceKey, certificate });
    await refusal(() => extendDeviceList(alice.list, entry, deviceKey), "device-list-invalid");
    const credential = { user: alice.user, device, accountKey: deviceKey, certificate };
    await refusal(() => verifyCredential(credential, deviceKey), "device-list-invalid");
  });

  it("(2) a user named like bob's key has neither his certificates nor his safety number", async () => {
    const bob = await AccountWithDevices.of("bob");
    const device = bob.addDevice();
    for (const name of spellings(bob.accountKeys.publicKey)) {
      const mallory = await AccountWithDevices.of(name);
      const own = mallory.addDevice();
      await refusal(() => verifyCertificate(own.certificate, bob.accountKeys.publicKey), "device-list-invalid");
      const posing = {
        user: mallory.user,
        device: device.device,
        accountKey: device.accountKey,
        certificate: device.certificate,
      };
      const { deviceKey } = bob.list!.devices.get(device.device)!;
      await refusal(() => verifyCredential(posing, deviceKey), "device-list-invalid");
      const me = { user: bob.user, accountKey: mallory.accountKeys.publicKey };
      const his = safetyNumber(me, { user: bob.user, accountKey: bob.accountKeys.publicKey });
      const hers = safetyNumber(me, { user: mallory.user, accountKey: bob.accountKeys.publicKey });
      expect(hers.digits).to.not.equal(his.digits);
    }
  });

  it("(2) no two credentials are spelt the same, however their parts are cut", async () => {
    const alice = await AccountWithDevices.of("alice");
    const { deviceSecretKey: _, ...credential } = alice.addDevice();
    const shifted = { ...credential, user: `${credential.user}x` as typeof credential.user };
    expect(encodeCredential(shifted)).to.not.deep.equal(encodeCredential(credential));
  });
});

for (const suite of bothSuites) {
  describe(`attack 2: in a group, suite ${suite}`, () => {
    it("(2) a user named like bob's key is not let into the conversation with bob", async () => {
      const direct = await DirectGroup.of(suite, 1, 2);
      const mallory = await AccountWithDevices.of(toHex(direct.bob.accountKeys.publicKey));
      const pair = await engine.createKeyPackage(mallory.addDevice(), suite);
      const keyPackage = decodeKeyPackage(pair.publicBytes);
      const proposals = [{ proposalType: "add" as const, add: { keyPackage } }];
      const commit = await forgeCommit(direct.seats[0]!.group, { proposals });
      await brokenRule(engine.applyCommit(direct.seats[1]!.group, commit, direct.policy), "only the two users");
    });
  });
}
