import { expect } from "chai";
import type { LinkOffer } from "../../../src/actors/ports/store-devices.ts";
import { newId, type DeviceId } from "../../../src/protocol/ids.ts";
import { limits } from "../../../src/protocol/limits.ts";
import { addDevice, bytesOf, newUser, revokeDevice, type Party } from "../../support/store/store-kit.ts";
import type { StorePair } from "./store-pair.ts";

const secondDevice = (user: ReturnType<typeof newUser>, device = newId<DeviceId>()) => ({
  user,
  accountKey: bytesOf(`account ${user}`),
  version: 2,
  previousHead: bytesOf(`head ${user} 1`),
  head: bytesOf(`head ${user} 2`),
  entry: bytesOf("entry"),
  change: { operation: "add" as const, device, deviceKey: bytesOf(`key ${device}`) },
});

const resetOf = (user: ReturnType<typeof newUser>, version: number) => {
  const device = newId<DeviceId>();
  return {
    user,
    accountKey: bytesOf(`account ${user}`),
    version,
    previousHead: bytesOf(`head ${user} ${version - 1}`),
    head: bytesOf(`head of a reset by ${device}`),
    entry: bytesOf("entry"),
    change: {
      operation: "reset" as const,
      device,
      deviceKey: bytesOf(`key ${device}`),
      nextAccountKey: bytesOf(`account of ${device}`),
    },
  };
};

const publishPackage = (store: StorePair["one"], party: Party) =>
  store.publishKeyPackages({
    ...party,
    suite: 84,
    oneTime: [{ hash: bytesOf(`package ${party.device}`), bytes: bytesOf("package"), expiresAt: Date.now() + 60_000 }],
  });

export function describeDevices(stores: () => StorePair): void {
  describe("accounts", () => {
    it("are made once, whoever asks", async () => {
      const { one, other } = stores();
      const user = newUser();
      const outcomes = await Promise.all([
        one.createAccount({ user, passwordHash: "$argon2id$1" }),
        other.createAccount({ user, passwordHash: "$argon2id$2" }),
      ]);
      expect(outcomes.sort()).to.deep.equal(["created", "exists"]);
      expect(await one.findAccount(user)).to.have.property("user", user);
      expect(await one.findAccount(newUser())).to.equal(undefined);
    });
  });

  describe("a user's device list", () => {
    it("grows by compare-and-set: of two entries for one version, one is appended", async () => {
      const { one, other } = stores();
      const user = newUser();
      await addDevice(one, user);
      const outcomes = await Promise.all([
        one.appendDeviceEntry(secondDevice(user)),
        other.appendDeviceEntry(secondDevice(user)),
      ]);
      expect(outcomes.sort()).to.deep.equal(["appended", "conflict"]);
      const [list] = await one.readDeviceLists([{ user, after: 1 }]);
      expect(list).to.include({ version: 2 });
      expect(list!.entries).to.have.length(1);
    });

    it("refuses a wrong head, another account key, and a device id that is taken", async () => {
      const { one } = stores();
      const user = newUser();
      const { device } = await addDevice(one, user);
      const append = secondDevice(user);
      expect(await one.appendDeviceEntry({ ...append, previousHead: bytesOf("other") })).to.equal("conflict");
      expect(await one.appendDeviceEntry({ ...append, accountKey: bytesOf("other") })).to.equal("conflict");
      expect(await one.appendDeviceEntry({ ...append, version: 3 })).to.equal("conflict");
      expect(await one.appendDeviceEntry(secondDevice(user, device))).to.equal("conflict");
    });

    it("holds as many live devices as are allowed; a revoked one makes room", async () => {
      const { one } = stores();
      const user = newUser();
      const first = await addDevice(one, user);
      for (let count = 1; count < limits.devicesPerUser; count++) await addDevice(one, user);
      const failed = await addDevice(one, user).catch((error: Error) => error.message);
      expect(failed).to.match(/too-many/);
      expect(await revokeDevice(one, first)).to.equal("appended");
      expect(await one.findDevice(first.device))
        .to.have.property("revokedAt")
        .that.is.a("number");
      await addDevice(one, user);
    });

    it("are found many at a time as one by one, in the order asked", async () => {
      const { one, other } = stores();
      const parties = [
        await addDevice(one, newUser()),
        await addDevice(one, newUser()),
        await addDevice(one, newUser()),
      ];
      await revokeDevice(one, parties[1]!);
      const devices = [...parties.map(({ device }) => device).toReversed(), newId<DeviceId>(), parties[0]!.device];
      const found = await other.findDevices(devices);
      expect(found).to.deep.equal(await Promise.all(devices.map((device) => one.findDevice(device))));
      expect(found.map((row) => row?.user)).to.deep.equal(
        [2, 1, 0, undefined, 0].map((at) => (at === undefined ? undefined : parties[at]!.user)),
      );
      expect(await other.findDevices([])).to.deep.equal([]);
    });

    it("starts over under another account key, and all devices before count as revoked", async () => {
      const { one, other } = stores();
      const user = newUser();
      const lost = [await addDevice(one, user), await addDevice(one, user)];
      await publishPackage(one, lost[0]!);
      const reset = resetOf(user, 3);
      expect(await other.appendDeviceEntry(reset)).to.equal("appended");
      for (const { device } of lost) {
        const row = await one.findDevice(device);
        expect(row).to.have.property("revokedAt").that.is.a("number");
      }
      expect(await one.countKeyPackages(lost[0]!.device)).to.deep.equal([]);
      const { device, deviceKey, nextAccountKey } = reset.change;
      expect(await one.findDevice(device)).to.deep.equal({ user, device, deviceKey, addedVersion: 3, revokedAt: null });
      const [list] = await one.readDeviceLists([{ user, after: 2 }]);
      expect(list).to.deep.include({ version: 3, head: reset.head, accountKey: nextAccountKey });
      expect(list!.entries).to.have.length(1);
    });

    it("goes on under the new account key alone", async () => {
      const { one } = stores();
      const user = newUser();
      await addDevice(one, user);
      const reset = resetOf(user, 2);
      await one.appendDeviceEntry(reset);
      const next = { ...secondDevice(user), version: 3, previousHead: reset.head };
      expect(await one.appendDeviceEntry(next)).to.equal("conflict");
      const accountKey = reset.change.nextAccountKey;
      expect(await one.appendDeviceEntry({ ...next, accountKey })).to.equal("appended");
    });

    it("starts over once: of two resets of one version, and of a reset and another entry, one is appended", async () => {
      const { one, other } = stores();
      for (const rivalOf of [(user: Party["user"]) => resetOf(user, 2), (user: Party["user"]) => secondDevice(user)]) {
        const user = newUser();
        await addDevice(one, user);
        const outcomes = await Promise.all([
          one.appendDeviceEntry(resetOf(user, 2)),
          other.appendDeviceEntry(rivalOf(user)),
        ]);
        expect(outcomes.sort()).to.deep.equal(["appended", "conflict"]);
      }
    });

    it("starts over from where it stands, and with a device that nobody has", async () => {
      const { one } = stores();
      const user = newUser();
      const { device } = await addDevice(one, user);
      const reset = resetOf(user, 2);
      expect(await one.appendDeviceEntry({ ...reset, previousHead: bytesOf("other") })).to.equal("conflict");
      expect(await one.appendDeviceEntry({ ...reset, accountKey: bytesOf("other") })).to.equal("conflict");
      expect(await one.appendDeviceEntry({ ...reset, change: { ...reset.change, device } })).to.equal("conflict");
      expect(await one.findDevice(device)).to.have.property("revokedAt", null);
    });

    it("makes room for as many devices as are allowed when it starts over", async () => {
      const { one } = stores();
      const user = newUser();
      for (let count = 0; count < limits.devicesPerUser; count++) await addDevice(one, user);
      expect(await one.appendDeviceEntry(resetOf(user, limits.devicesPerUser + 1))).to.equal("appended");
    });

    it("is read in the order asked, with version 0 for who has none", async () => {
      const { one } = stores();
      const [user, nobody] = [newUser(), newUser()];
      await addDevice(one, user);
      const lists = await one.readDeviceLists([
        { user: nobody, after: 0 },
        { user, after: 0 },
      ]);
      expect(lists[0]).to.deep.equal({ user: nobody, accountKey: null, version: 0, head: null, entries: [] });
      expect(lists[1]).to.deep.include({ user, version: 1, head: bytesOf(`head ${user} 1`) });
    });
  });

  describe("the names of a user's devices", () => {
    const named = (device: DeviceId, label: string, archiveGeneration = 1) => ({
      device,
      archiveGeneration,
      sealed: bytesOf(label, limits.sealedDeviceNameBytes),
    });

    it("are kept one for each device, the latest, and read by any of them", async () => {
      const { one, other } = stores();
      const user = newUser();
      const [first, second] = [await addDevice(one, user), await addDevice(one, user)];
      expect(await other.readDeviceNames(user)).to.deep.equal([]);
      expect(await one.putDeviceName(user, named(second.device, "tablet"))).to.equal(true);
      expect(await other.putDeviceName(user, named(first.device, "laptop"))).to.equal(true);
      expect(await other.putDeviceName(user, named(second.device, "old tablet", 2))).to.equal(true);
      expect(await one.readDeviceNames(user)).to.deep.equal([
        named(first.device, "laptop"),
        named(second.device, "old tablet", 2),
      ]);
    });

    it("are for live devices of the user alone, and go with them", async () => {
      const { one, other } = stores();
      const user = newUser();
      const [first, second] = [await addDevice(one, user), await addDevice(one, user)];
      const stranger = await addDevice(one, newUser());
      expect(await one.putDeviceName(user, named(stranger.device, "mine now"))).to.equal(false);
      expect(await one.putDeviceName(user, named(newId<DeviceId>(), "nobody's"))).to.equal(false);
      await one.putDeviceName(user, named(first.device, "laptop"));
      await one.putDeviceName(user, named(second.device, "tablet"));
      await revokeDevice(other, second);
      expect(await other.putDeviceName(user, named(second.device, "still here"))).to.equal(false);
      expect(await one.readDeviceNames(user)).to.deep.equal([named(first.device, "laptop")]);
      expect(await one.readDeviceNames(stranger.user)).to.deep.equal([]);
    });
  });

  describe("a link offer", () => {
    const offerOf = (user: ReturnType<typeof newUser>, change: Partial<LinkOffer> = {}): Omit<LinkOffer, "sealed"> => ({
      user,
      channel: bytesOf(`channel ${user}`, 16),
      device: newId<DeviceId>(),
      deviceKey: bytesOf("device key"),
      kemKey: bytesOf("kem", 1216),
      expiresAt: Date.now() + 60_000,
      ...change,
    });

    it("is answered once, in the transaction that adds the device", async () => {
      const { one, other } = stores();
      const user = newUser();
      await addDevice(one, user);
      const offer = offerOf(user);
      expect(await one.putLinkOffer(offer)).to.equal("stored");
      const { deviceKey, channel } = offer;
      const change = { operation: "add" as const, device: offer.device, deviceKey };
      const link = { channel, sealed: bytesOf("sealed", 100) };
      const wrong = { ...link, channel: bytesOf("elsewhere", 16) };
      expect(await one.appendDeviceEntry({ ...secondDevice(user), change, link: wrong })).to.equal("link-unknown");
      expect(await one.findDevice(offer.device)).to.equal(undefined);
      expect(await one.appendDeviceEntry({ ...secondDevice(user), change, link })).to.equal("appended");
      expect(await other.findLinkOffer(user, channel)).to.deep.include({ sealed: link.sealed });
    });

    it("keeps its channel and device for itself, and may be renewed", async () => {
      const { one, other } = stores();
      const user = newUser();
      const offer = offerOf(user);
      expect(await one.putLinkOffer(offer)).to.equal("stored");
      expect(await other.putLinkOffer({ ...offer, expiresAt: offer.expiresAt + 1 })).to.equal("stored");
      expect(await other.putLinkOffer(offerOf(user))).to.equal("taken");
      const stranger = offerOf(newUser(), { device: offer.device });
      expect(await other.putLinkOffer(stranger)).to.equal("taken");
      expect(await one.findLinkOffer(newUser(), offer.channel)).to.equal(undefined);
    });

    it("is gone once it has expired", async () => {
      const { one } = stores();
      const user = newUser();
      await addDevice(one, user);
      const late = offerOf(user, { expiresAt: Date.now() - 1 });
      await one.putLinkOffer(late);
      const { channel, device, deviceKey } = late;
      expect(await one.findLinkOffer(user, channel)).to.equal(undefined);
      const change = { operation: "add" as const, device, deviceKey };
      const link = { channel, sealed: bytesOf("sealed", 100) };
      expect(await one.appendDeviceEntry({ ...secondDevice(user), change, link })).to.equal("link-unknown");
      expect(await one.putLinkOffer(offerOf(user))).to.equal("stored");
    });
  });
}
