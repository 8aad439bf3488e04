import { extendDeviceList } from "../../src/identity/device-list.ts";
import { inspectCommit, inspectKeyPackage } from "../../src/identity/handshake.ts";
import { mlsGroupEngine as engine } from "../../src/crypto/mls-group-engine.ts";
import { decodeKeyPackage } from "../../src/crypto/key-package.ts";
import { generateSigningKeyPair } from "../../src/crypto/signing-key.ts";
import type { DeviceIdentity } from "../../src/crypto/group-engine.ts";
import { newId } from "../../src/protocol/ids.ts";
import type { DeviceId } from "../../src/protocol/ids.ts";
import { AccountWithDevices, certify } from "../support/account-with-devices.ts";
import { DirectGroup, bothSuites } from "../support/direct-group.ts";
import { forgeCommit } from "../support/forged-commit.ts";
import { brokenRule, refusal } from "../support/refusal.ts";

describe("attack 5: a device extends the list that it is only in", () => {
  let alice: AccountWithDevices;
  let linked: DeviceIdentity;
  beforeEach(async () => {
    alice = await AccountWithDevices.of("alice");
    alice.addDevice();
    linked = alice.addDevice();
  });

  function addition(signedBy: Uint8Array, certifiedBy: Uint8Array): Uint8Array {
    const device = newId<DeviceId>();
    const deviceKey = generateSigningKeyPair().publicKey;
    const listVersion = alice.entries.length + 1;
    const certificate = certify(alice, { device, deviceKey, listVersion }, certifiedBy);
    return alice.entry({ device, deviceKey, certificate }, signedBy);
  }
  const extend = (entry: Uint8Array) => () => extendDeviceList(alice.list, entry, alice.accountKeys.publicKey);

  it("(5) refuses an entry that a linked device signed", async () => {
    const { secretKey } = alice.accountKeys;
    await refusal(extend(addition(linked.deviceSecretKey, secretKey)), "device-list-invalid");
  });

  it("(5) refuses a certificate that a linked device signed", async () => {
    const { secretKey } = alice.accountKeys;
    await refusal(extend(addition(secretKey, linked.deviceSecretKey)), "device-list-invalid");
  });

  it("(5) refuses everything that a revoked device signs, its own return included", async () => {
    alice.revokeDevice(linked.device);
    await refusal(extend(addition(linked.deviceSecretKey, linked.deviceSecretKey)), "device-list-invalid");
    const { device, certificate } = linked;
    const { deviceKey } = alice.list!.devices.get(device)!;
    await refusal(
      extend(alice.entry({ device, deviceKey, certificate }, linked.deviceSecretKey)),
      "device-list-invalid",
    );
  });

  it("(5) refuses that a revoked device comes back, even by the account key and under another id", async () => {
    alice.revokeDevice(linked.device);
    const { deviceKey } = alice.list!.devices.get(linked.device)!;
    for (const device of [linked.device, newId<DeviceId>()]) {
      const certificate = certify(alice, { device, deviceKey, listVersion: 4 });
      await refusal(extend(alice.entry({ device, deviceKey, certificate })), "device-list-invalid");
    }
  });
});

for (const suite of bothSuites) {
  describe(`attack 5: a ghost device, suite ${suite}`, () => {
    let direct: DirectGroup;
    let ghost: DeviceIdentity;
    beforeEach(async () => {
      direct = await DirectGroup.of(suite, 1, 2);
      const keys = generateSigningKeyPair();
      const device = newId<DeviceId>();
      const listed = { device, deviceKey: keys.publicKey, listVersion: 2 };
      const certificate = certify(direct.alice, listed, generateSigningKeyPair().secretKey);
      const { user, accountKeys } = direct.alice;
      ghost = { user, device, accountKey: accountKeys.publicKey, certificate, deviceSecretKey: keys.secretKey };
    });

    async function commitOf(identity: DeviceIdentity): Promise<Uint8Array> {
      const pair = await engine.createKeyPackage(identity, suite);
      const keyPackage = decodeKeyPackage(pair.publicBytes);
      const proposals = [{ proposalType: "add" as const, add: { keyPackage } }];
      return forgeCommit(direct.seats[0]!.group, { proposals });
    }

    it("(5) refuses its key package, at the node and before an own Add", async () => {
      const pair = await engine.createKeyPackage(ghost, suite);
      await refusal(inspectKeyPackage(pair.publicBytes), "key-package-invalid");
      await refusal(engine.prepareCommit(direct.seats[0]!.group, { add: [pair.publicBytes] }), "key-package-invalid");
    });

    it("(5) refuses a member's commit that adds it, at the node and at every other member", async () => {
      const commit = await commitOf(ghost);
      await refusal(inspectCommit(commit), "commit-invalid");
      for (const judge of direct.seats.slice(1)) {
        await refusal(engine.applyCommit(judge.group, commit, direct.policy), "commit-invalid");
      }
      await direct.talk();
    });

    it("(5) refuses it with a certificate of another device, of another user, or none", async () => {
      const other = direct.bob.addDevice();
      for (const certificate of [direct.seats[0]!.identity.certificate, other.certificate, new Uint8Array()]) {
        const commit = await commitOf({ ...ghost, certificate });
        await refusal(engine.applyCommit(direct.seats[1]!.group, commit, direct.policy), "commit-invalid");
      }
    });

    it("(5) refuses it under the name and certificate of a true device, whose key it does not have", async () => {
      const { device, certificate } = direct.alice.addDevice();
      const pair = await engine.createKeyPackage({ ...ghost, device, certificate }, suite);
      await refusal(inspectKeyPackage(pair.publicBytes), "key-package-invalid");
      const commit = await commitOf({ ...ghost, device, certificate });
      await refusal(inspectCommit(commit), "commit-invalid");
      await refusal(engine.applyCommit(direct.seats[1]!.group, commit, direct.policy), "commit-invalid");
    });

    it("(5) refuses it under an account key of its own, beside the user's true devices", async () => {
      const second = await AccountWithDevices.of("alice");
      const commit = await commitOf(second.addDevice());
      const attempt = engine.applyCommit(direct.seats[1]!.group, commit, direct.policy);
      await brokenRule(attempt, "who starts over is replaced with all devices");
    });
  });
}
