import { expect } from "chai";
import type { PutRecoveryKey, PutVault, RecoveryGrantRow } from "../../../src/actors/ports/store-recovery.ts";
import type { UserId } from "../../../src/protocol/ids.ts";
import { limits } from "../../../src/protocol/limits.ts";
import { addDevice, bytesOf, newUser, revokeDevice, startOver, type Party } from "../../support/store/store-kit.ts";
import type { StorePair } from "./store-pair.ts";

/** Recovery keys, their vaults, and what is sealed to them. */
export function describeRecovery(stores: () => StorePair): void {
  const keyOf = (user: UserId, version: number, change: Partial<PutRecoveryKey> = {}): PutRecoveryKey => ({
    user,
    accountKey: bytesOf(`account ${user}`),
    after: version - 1,
    version,
    publicKey: bytesOf(`recovery ${user} ${version}`, 1216),
    madeAt: 1_700_000_000_000 + version,
    signature: bytesOf(`signature ${version}`, 64),
    vault: bytesOf(`vault ${user} ${version}`, 16_424),
    ...change,
  });
  const grantBy = ({ device }: Party, generation: number, text = "sealed"): RecoveryGrantRow => ({
    generation,
    listVersion: generation,
    by: device,
    encapsulated: bytesOf(`encapsulated ${generation}`, 1120),
    sealed: bytesOf(text, 48),
    signature: bytesOf(`grant ${generation} ${text}`, 64),
  });
  const rowOf = ({ version, publicKey, madeAt, signature }: PutRecoveryKey, revision: number) => ({
    version,
    publicKey,
    madeAt,
    signature,
    revision,
  });

  describe("a recovery key", () => {
    it("is read and fetched as it was put, with the archive keys that came to it", async () => {
      const { one, other } = stores();
      const ann = await addDevice(one, newUser("ann"));
      expect(await other.readRecoveryKey(ann.user)).to.equal(undefined);
      expect(await other.fetchRecovery(ann.user)).to.equal(undefined);
      const key = keyOf(ann.user, 1);
      expect(await one.putRecoveryKey(key)).to.equal("stored");
      expect(await other.putRecoveryGrants(ann.user, ann.device, 1, [grantBy(ann, 3), grantBy(ann, 1)])).to.equal(
        "stored",
      );
      expect(await one.readRecoveryKey(ann.user)).to.deep.equal({
        ...rowOf(key, 1),
        granted: [1, 3].map((generation) => ({ generation, by: ann.device })),
      });
      const grants = [grantBy(ann, 1), grantBy(ann, 3)];
      expect(await one.fetchRecovery(ann.user)).to.deep.equal({ ...rowOf(key, 1), vault: key.vault, grants });
    });

    it("gives way to a later one alone, and takes along what was kept for it", async () => {
      const { one, other } = stores();
      const ann = await addDevice(one, newUser("ann"));
      await one.putRecoveryKey(keyOf(ann.user, 1));
      await one.putRecoveryGrants(ann.user, ann.device, 1, [grantBy(ann, 1)]);
      expect(await other.putRecoveryKey(keyOf(ann.user, 1, { madeAt: 5 }))).to.equal("conflict");
      expect(await other.putRecoveryKey(keyOf(ann.user, 3))).to.equal("conflict");
      expect(await other.putRecoveryKey(keyOf(ann.user, 1, { after: 1 }))).to.equal("conflict");
      expect(await other.putRecoveryKey(keyOf(ann.user, 2, { accountKey: bytesOf("another") }))).to.equal("conflict");
      expect((await one.readRecoveryKey(ann.user))?.granted.map(({ generation }) => generation)).to.deep.equal([1]);
      // Past a version that a database which was put back has lost.
      const later = keyOf(ann.user, 5, { after: 1 });
      expect(await other.putRecoveryKey(later)).to.equal("stored");
      expect(await one.readRecoveryKey(ann.user)).to.deep.equal({ ...rowOf(later, 1), granted: [] });
    });

    it("is one of two that come at once", async () => {
      const { one, other } = stores();
      const ann = await addDevice(one, newUser("ann"));
      const puts = [one, other].map((store, index) => store.putRecoveryKey(keyOf(ann.user, 1, { madeAt: index })));
      expect((await Promise.all(puts)).toSorted()).to.deep.equal(["conflict", "stored"]);
    });

    it("that was given up leaves its version, and nothing to fetch", async () => {
      const { one, other } = stores();
      const ann = await addDevice(one, newUser("ann"));
      await one.putRecoveryKey(keyOf(ann.user, 1));
      await one.putRecoveryGrants(ann.user, ann.device, 1, [grantBy(ann, 1)]);
      const none = keyOf(ann.user, 2, { publicKey: null, vault: null });
      expect(await one.putRecoveryKey(none)).to.equal("stored");
      expect(await other.readRecoveryKey(ann.user)).to.deep.equal({ ...rowOf(none, 0), granted: [] });
      expect(await other.fetchRecovery(ann.user)).to.equal(undefined);
      expect(await other.putRecoveryGrants(ann.user, ann.device, 2, [grantBy(ann, 1)])).to.equal("conflict");
      expect(await other.putVault(vaultOf(ann.user, 2, 1))).to.equal("conflict");
    });

    it("goes with all that is kept for it when its user starts over", async () => {
      const { one, other } = stores();
      const ann = await addDevice(one, newUser("ann"));
      await one.putRecoveryKey(keyOf(ann.user, 1));
      await one.putRecoveryGrants(ann.user, ann.device, 1, [grantBy(ann, 1)]);
      const again = await startOver(other, ann.user);
      expect(await one.readRecoveryKey(ann.user)).to.equal(undefined);
      const accountKey = bytesOf(`account of ${again.device}`);
      expect(await one.putRecoveryKey(keyOf(ann.user, 1, { accountKey }))).to.equal("stored");
      expect((await other.fetchRecovery(ann.user))?.grants).to.deep.equal([]);
    });
  });

  const vaultOf = (user: UserId, version: number, revision: number, change: Partial<PutVault> = {}): PutVault => ({
    user,
    accountKey: bytesOf(`account ${user}`),
    version,
    revision,
    vault: bytesOf(`vault ${user} ${version} ${revision}`, 32_808),
    ...change,
  });

  describe("a vault", () => {
    it("takes the place of the one before, and of no other", async () => {
      const { one, other } = stores();
      const ann = await addDevice(one, newUser("ann"));
      expect(await one.putVault(vaultOf(ann.user, 1, 1))).to.equal("conflict");
      await one.putRecoveryKey(keyOf(ann.user, 1));
      for (const wrong of [
        vaultOf(ann.user, 1, 1),
        vaultOf(ann.user, 1, 3),
        vaultOf(ann.user, 2, 2),
        vaultOf(ann.user, 1, 2, { accountKey: bytesOf("another") }),
      ]) {
        expect(await other.putVault(wrong)).to.equal("conflict");
      }
      expect(await other.putVault(vaultOf(ann.user, 1, 2))).to.equal("stored");
      expect(await one.fetchRecovery(ann.user)).to.deep.include({
        revision: 2,
        vault: vaultOf(ann.user, 1, 2).vault,
      });
    });

    it("holds a whole mebibyte", async () => {
      const { one, other } = stores();
      const ann = await addDevice(one, newUser("ann"));
      const vault = bytesOf("large", limits.vaultBytes);
      expect(await one.putRecoveryKey(keyOf(ann.user, 1, { vault }))).to.equal("stored");
      expect((await other.fetchRecovery(ann.user))?.vault).to.deep.equal(vault);
    });
  });

  describe("an archive key for a recovery key", () => {
    it("stays as its device gave it first, beside those of others, and is by a live device for the key that counts", async () => {
      const { one, other } = stores();
      const ann = await addDevice(one, newUser("ann"));
      const tablet = await addDevice(one, ann.user);
      const ben = await addDevice(one, newUser("ben"));
      await one.putRecoveryKey(keyOf(ann.user, 1));
      expect(await other.putRecoveryGrants(ann.user, tablet.device, 1, [grantBy(tablet, 1)])).to.equal("stored");
      const changed = [grantBy(tablet, 1, "changed"), grantBy(tablet, 2)];
      expect(await one.putRecoveryGrants(ann.user, tablet.device, 1, changed)).to.equal("stored");
      expect(await one.putRecoveryGrants(ann.user, ann.device, 1, [grantBy(ann, 1, "another")])).to.equal("stored");
      const kept = [grantBy(tablet, 1), grantBy(ann, 1, "another"), grantBy(tablet, 2)];
      expect((await one.fetchRecovery(ann.user))?.grants).to.have.deep.members(kept);
      const granted = kept.map(({ generation, by }) => ({ generation, by }));
      expect((await other.readRecoveryKey(ann.user))?.granted).to.have.deep.members(granted);
      expect(await one.putRecoveryGrants(ann.user, ann.device, 2, [grantBy(ann, 3)])).to.equal("conflict");
      expect(await one.putRecoveryGrants(ann.user, ben.device, 1, [grantBy(ben, 3)])).to.equal("conflict");
      await revokeDevice(one, tablet);
      expect(await one.putRecoveryGrants(ann.user, tablet.device, 1, [grantBy(tablet, 3)])).to.equal("conflict");
      expect((await one.fetchRecovery(ann.user))?.grants, "what a revoked device gave goes with it").to.deep.equal([
        grantBy(ann, 1, "another"),
      ]);
    });

    it("is kept of each device in the newest alone: nobody can push out what another gave, or leave no room for it", async () => {
      const { one, other } = stores();
      const ann = await addDevice(one, newUser("ann"));
      const thief = await addDevice(one, ann.user);
      await one.putRecoveryKey(keyOf(ann.user, 1));
      const most = limits.recoveryGrantsPerDevice;
      const all = Array.from({ length: most + 3 }, (_, index) => grantBy(thief, index + 1));
      await one.putRecoveryGrants(ann.user, ann.device, 1, [grantBy(ann, 1)]);
      await one.putRecoveryGrants(ann.user, thief.device, 1, all.slice(0, 200));
      await other.putRecoveryGrants(ann.user, thief.device, 1, all.slice(200));
      const givenBy = async ({ device }: Party) =>
        (await one.readRecoveryKey(ann.user))!.granted
          .filter(({ by }) => by === device)
          .map(({ generation }) => generation);
      expect(await givenBy(thief)).to.deep.equal(all.slice(3).map(({ generation }) => generation));
      expect(await givenBy(ann)).to.deep.equal([1]);
      await other.putRecoveryGrants(ann.user, ann.device, 1, [grantBy(ann, 2), grantBy(ann, 9999)]);
      expect(await givenBy(ann)).to.deep.equal([1, 2, 9999]);
      expect(await givenBy(thief)).to.have.length(most);
    });
  });
}
