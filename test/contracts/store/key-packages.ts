import { expect } from "chai";
import { limits } from "../../../src/protocol/limits.ts";
import { addDevice, bytesOf, newUser, revokeDevice } from "../../support/store/store-kit.ts";
import type { StorePair } from "./store-pair.ts";

const packageOf = (label: string, expiresAt = Date.now() + 1e6) => ({
  hash: bytesOf(`hash ${label}`),
  bytes: bytesOf(`package ${label}`, 400),
  expiresAt,
});

export function describeKeyPackages(stores: () => StorePair): void {
  describe("key packages", () => {
    it("are each handed out once, the oldest first, whichever instance is asked; then the last resort", async () => {
      const { one, other } = stores();
      const party = await addDevice(one, newUser());
      const oneTime = ["a", "b", "c", "d"].map((label) => packageOf(`${party.device} ${label}`));
      const lastResort = packageOf(`${party.device} last`);
      expect(await one.publishKeyPackages({ ...party, suite: 84, oneTime, lastResort })).to.equal("published");
      const claims = await Promise.all(
        [one, other, one, other, one, other].map((store) => store.claimKeyPackages(84, [party, party])),
      );
      const bytes = claims.flat().filter((claim) => !claim.lastResort);
      expect(new Set(bytes.map((claim) => Buffer.from(claim.bytes).toString("hex")))).to.have.property("size", 4);
      expect(claims.flat().filter((claim) => claim.lastResort)).to.have.length(2);
      expect(await other.countKeyPackages(party.device)).to.deep.equal([{ suite: 84, oneTime: 0, lastResort: true }]);
    });

    it("keep to their suite, and to the oldest", async () => {
      const { one } = stores();
      const party = await addDevice(one, newUser());
      const labels = ["first", "second"].map((label) => `${party.device} ${label}`);
      await one.publishKeyPackages({ ...party, suite: 84, oneTime: labels.map((label) => packageOf(label)) });
      expect(await one.claimKeyPackages(3, [party])).to.deep.equal([]);
      const [claim] = await one.claimKeyPackages(84, [party]);
      expect(claim).to.deep.include({ bytes: packageOf(labels[0]!).bytes });
    });

    it("are refused beyond the limit, leaving everything as it was", async () => {
      const { one } = stores();
      const party = await addDevice(one, newUser());
      const many = (from: number, count: number) =>
        Array.from({ length: count }, (_, index) => packageOf(`${party.device} ${from + index}`));
      const most = limits.keyPackagesPerDevice;
      expect(await one.publishKeyPackages({ ...party, suite: 84, oneTime: many(0, most) })).to.equal("published");
      const lastResort = packageOf(`${party.device} last`);
      expect(await one.publishKeyPackages({ ...party, suite: 84, oneTime: many(most, 1), lastResort })).to.equal(
        "too-many",
      );
      expect(await one.publishKeyPackages({ ...party, suite: 84, oneTime: many(0, 5) })).to.equal("published");
      expect(await one.countKeyPackages(party.device)).to.deep.equal([{ suite: 84, oneTime: most, lastResort: false }]);
    });

    it("are never an expired one's nor a revoked device's", async () => {
      const { one } = stores();
      const party = await addDevice(one, newUser());
      const old = packageOf(`${party.device} old`, Date.now() - 1);
      await one.publishKeyPackages({ ...party, suite: 84, oneTime: [old] });
      expect(await one.claimKeyPackages(84, [party])).to.deep.equal([]);
      await one.publishKeyPackages({ ...party, suite: 84, oneTime: [packageOf(`${party.device} new`)] });
      await revokeDevice(one, party);
      expect(await one.claimKeyPackages(84, [party])).to.deep.equal([]);
      expect(await one.countKeyPackages(party.device)).to.deep.equal([]);
    });

    it("replace the former last resort", async () => {
      const { one } = stores();
      const party = await addDevice(one, newUser());
      for (const label of ["one", "two"]) {
        const lastResort = packageOf(`${party.device} ${label}`);
        await one.publishKeyPackages({ ...party, suite: 84, oneTime: [], lastResort });
      }
      const [claim] = await one.claimKeyPackages(84, [party]);
      expect(claim).to.deep.include({ bytes: packageOf(`${party.device} two`).bytes, lastResort: true });
    });
  });
}
