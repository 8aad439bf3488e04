import { expect } from "chai";
import { randomBytes } from "node:crypto";
import type { Store } from "../../../src/actors/ports/store.ts";
import type { BlobId } from "../../../src/protocol/blobs.ts";
import type { UserId } from "../../../src/protocol/ids.ts";
import { limits } from "../../../src/protocol/limits.ts";
import { addDevice, newUser } from "../../support/store/store-kit.ts";
import type { StorePair } from "./store-pair.ts";

const newBlob = (): BlobId => randomBytes(32).toString("hex") as BlobId;
const day = 24 * 3600_000;
const plenty = 1_000_000;

export function describeBlobs(stores: () => StorePair): void {
  const begin = (store: Store, user: UserId, size: number, { blob = newBlob(), quota = plenty } = {}) =>
    store.beginBlob({ blob, user, size }, quota);
  const begun = async (store: Store, user: UserId, size: number): Promise<BlobId> => {
    const outcome = await begin(store, user, size);
    if (outcome.status !== "begun") throw new Error(`The blob was not begun: ${outcome.status}.`);
    return outcome.row.blob;
  };

  describe("blobs", () => {
    it("grow part by part, as one writer says at a time", async () => {
      const { one, other } = stores();
      const { user } = await addDevice(one, newUser());
      const blob = await begun(one, user, 300);
      expect(await other.findBlob(blob)).to.include({ blob, user, size: 300, received: 0 });
      const both = await Promise.all([one.advanceBlob(blob, 0, 100), other.advanceBlob(blob, 0, 100)]);
      expect(both.map(({ status }) => status).toSorted()).to.deep.equal(["advanced", "elsewhere"]);
      const elsewhere = await one.advanceBlob(blob, 200, 300);
      expect(elsewhere).to.have.nested.property("row.received", 100);
      expect(await one.advanceBlob(newBlob(), 0, 1)).to.deep.equal({ status: "unknown" });
    });

    it("end a day after their last part, and with the history once they are complete", async () => {
      const { one } = stores();
      const { user } = await addDevice(one, newUser());
      const blob = await begun(one, user, 200);
      const within = async (days: number, ms: number) => {
        const { expiresAt } = (await one.findBlob(blob))!;
        expect(expiresAt - (await one.clock()) - days * day, "expires").to.be.within(-5000, 0);
        expect(ms).to.equal(days * day);
      };
      await within(1, limits.blobUploadTtlMs);
      await one.advanceBlob(blob, 0, 100);
      await within(1, limits.blobUploadTtlMs);
      await one.advanceBlob(blob, 100, 200);
      await within(97, 90 * day + limits.blobMarginMs);
    });

    it("are begun again by whoever began them, and by nobody else", async () => {
      const { one, other } = stores();
      const { user } = await addDevice(one, newUser());
      const { user: stranger } = await addDevice(one, newUser());
      const blob = await begun(one, user, 300);
      await one.advanceBlob(blob, 0, 100);
      const again = await begin(other, user, 300, { blob });
      expect(again).to.have.property("status", "known");
      expect(again).to.have.nested.property("row.received", 100);
      expect(await begin(other, user, 299, { blob })).to.deep.equal({ status: "taken" });
      expect(await begin(other, stranger, 300, { blob })).to.deep.equal({ status: "taken" });
    });

    it("are for users who have a device", async () => {
      const { one } = stores();
      expect(await begin(one, newUser(), 1)).to.deep.equal({ status: "device-unknown" });
    });

    it("keep to a quota for each user, also when many come at once; what has ended counts no more", async () => {
      const { one, other } = stores();
      const { user } = await addDevice(one, newUser());
      const { user: neighbour } = await addDevice(one, newUser());
      const all = await Promise.all(
        [one, other, one, other, one, other].map((store) => begin(store, user, 300, { quota: 1000 })),
      );
      expect(all.filter(({ status }) => status === "begun")).to.have.length(3);
      expect(all.filter(({ status }) => status === "quota-exceeded")).to.have.length(3);
      expect((await begin(one, neighbour, 300, { quota: 1000 })).status).to.equal("begun");
      const first = all.find((outcome) => outcome.status === "begun")! as { row: { blob: BlobId } };
      await one.expireBlob(first.row.blob);
      expect((await begin(other, user, 300, { quota: 1000 })).status).to.equal("begun");
    });

    it("are hidden at once when they have ended, and forgotten when their bytes are gone", async () => {
      const { one, other } = stores();
      const { user } = await addDevice(one, newUser());
      const [ended, live] = [await begun(one, user, 10), await begun(one, user, 10)];
      await one.expireBlob(ended);
      expect(await other.findBlob(ended)).to.equal(undefined);
      expect(await other.advanceBlob(ended, 0, 10)).to.deep.equal({ status: "unknown" });
      expect(await begin(other, user, 10, { blob: ended })).to.deep.equal({ status: "taken" });
      const now = await one.clock();
      const listed = (await other.listExpiredBlobs(now, 1000)).map(({ blob }) => blob);
      expect(listed).to.include(ended).and.not.include(live);
      expect(await other.countExpiredBlobs(now)).to.equal(listed.length);
      expect(await other.knownBlobs([ended, live, newBlob()])).to.have.members([ended, live]);
      await other.forgetBlobs([ended]);
      expect(await one.knownBlobs([ended, live])).to.deep.equal([live]);
      await other.forgetBlobs([]);
      expect(await one.knownBlobs([])).to.deep.equal([]);
    });

    it("leave no row for longer than a week after their end, whatever became of their bytes", async () => {
      const { one, other } = stores();
      const { user } = await addDevice(one, newUser());
      const blob = await begun(one, user, 10);
      const endsAt = (await one.findBlob(blob))!.expiresAt;
      const purge = (now: number) => other.purge({ now, dryRun: false, chunk: 100 });
      await purge(endsAt + 7 * day);
      expect(await one.knownBlobs([blob])).to.deep.equal([blob]);
      const report = await purge(endsAt + 7 * day + 1);
      expect(report.find(({ table }) => table === "blobs")!.rows).to.be.at.least(1);
      expect(await one.knownBlobs([blob])).to.deep.equal([]);
    });
  });
}
