import { expect } from "chai";
import type { ArchiveGrantRow, HistoryKeyRow } from "../../../src/actors/ports/store-history.ts";
import { newId, type ConversationId, type DeviceId } from "../../../src/protocol/ids.ts";
import { limits } from "../../../src/protocol/limits.ts";
import { eventually } from "../../support/eventually.ts";
import {
  addDevice,
  bytesOf,
  commitBy,
  foundDirect,
  messageBy,
  mustBeAccepted,
  newUser,
  revokeDevice,
  startOver,
} from "../../support/store/store-kit.ts";
import type { StorePair } from "./store-pair.ts";

const dayMs = 24 * 60 * 60_000;

const keyOf = (conversation: ConversationId, epoch: number, text = `key ${epoch}`): HistoryKeyRow => ({
  conversation,
  generation: 1,
  epoch,
  archiveGeneration: 1,
  sealed: bytesOf(text, 72),
});

export function describeHistory(stores: () => StorePair): void {
  describe("history", () => {
    it("has no key left of a user who has started over", async () => {
      const { one, other } = stores();
      const { alice, conversation } = await foundDirect(one);
      await one.putHistoryKeys(alice.user, alice.device, [keyOf(conversation, 1)]);
      const keys = () => other.readHistoryKeys(alice.user, conversation, { generation: 0, epoch: 0 }, 10);
      expect(await keys()).to.have.length(1);
      await startOver(one, alice.user);
      expect(await keys()).to.deep.equal([]);
    });

    it("is read by every device of a user, from where the user was added", async () => {
      const { one, other } = stores();
      const { alice, bob, conversation } = await foundDirect(one);
      await one.acceptMessages(
        conversation,
        [1, 2, 3].map((number) => messageBy(conversation, alice, number)),
      );
      const later = await addDevice(one, bob.user);
      const read = { conversation, ...later, limit: 10, maxBytes: 1_000_000 };
      const page = await other.readHistory({ ...read, before: undefined });
      expect(page).to.have.property("first", 1);
      expect(page === "not-a-member" ? [] : page.entries.map(({ sequence }) => sequence)).to.deep.equal([1, 2, 3, 4]);
      const before = await other.readHistory({ ...read, before: 4, limit: 2 });
      expect(before === "not-a-member" ? [] : before.entries.map(({ sequence }) => sequence)).to.deep.equal([2, 3]);
      const small = await other.readHistory({ ...read, before: 4, maxBytes: 1 });
      expect(small === "not-a-member" ? [] : small.entries.map(({ sequence }) => sequence)).to.deep.equal([3]);
    });

    it("is for live devices of users who are or were in it, and ends where theirs does", async () => {
      const { one } = stores();
      const { alice, bob, conversation } = await foundDirect(one);
      const read = { conversation, before: undefined, limit: 10, maxBytes: 1_000_000 };
      const stranger = await addDevice(one, newUser());
      expect(await one.readHistory({ ...read, ...stranger })).to.equal("not-a-member");
      expect(await one.readHistory({ ...read, user: bob.user, device: alice.device })).to.equal("not-a-member");
      await revokeDevice(one, bob);
      expect(await one.readHistory({ ...read, ...bob })).to.equal("not-a-member");
    });

    it("hides what retention has passed", async () => {
      const { one, forgetful } = stores();
      const { alice, conversation } = await foundDirect(one);
      await one.acceptMessages(conversation, [messageBy(conversation, alice, 1)]);
      const read = { conversation, ...alice, before: undefined, limit: 10, maxBytes: 1000 };
      await eventually(async () => {
        expect(await forgetful.readHistory(read)).to.deep.equal({ entries: [], first: 3, floor: 2 });
      });
    });

    it("has its keys in an archive of each user: the first of a name stays", async () => {
      const { one, other } = stores();
      const { alice, bob, conversation } = await foundDirect(one);
      expect(await one.putHistoryKeys(alice.user, alice.device, [keyOf(conversation, 1)])).to.equal(true);
      expect(await other.putHistoryKeys(alice.user, alice.device, [keyOf(conversation, 1, "other")])).to.equal(true);
      const start = { generation: 0, epoch: 0 };
      expect(await other.readHistoryKeys(alice.user, conversation, start, 10)).to.deep.equal([keyOf(conversation, 1)]);
      expect(await other.readHistoryKeys(bob.user, conversation, start, 10)).to.deep.equal([]);
      const after = { generation: 1, epoch: 1 };
      expect(await one.readHistoryKeys(alice.user, conversation, after, 10)).to.deep.equal([]);
    });

    it("takes no key of an epoch that is not there yet, of a stranger, or of a device that was revoked", async () => {
      const { one } = stores();
      const { alice, bob, conversation } = await foundDirect(one);
      const stranger = await addDevice(one, newUser());
      expect(await one.putHistoryKeys(alice.user, alice.device, [keyOf(conversation, 2)])).to.equal(false);
      expect(await one.putHistoryKeys(stranger.user, stranger.device, [keyOf(conversation, 1)])).to.equal(false);
      expect(await one.putHistoryKeys(alice.user, bob.device, [keyOf(conversation, 1)])).to.equal(false);
      const mixed = [keyOf(conversation, 1), keyOf(newId<ConversationId>(), 1)];
      expect(await one.putHistoryKeys(alice.user, alice.device, mixed)).to.equal(false);
      await revokeDevice(one, alice);
      expect(await one.putHistoryKeys(alice.user, alice.device, [keyOf(conversation, 1)])).to.equal(false);
      expect(await one.readHistoryKeys(alice.user, conversation, { generation: 0, epoch: 0 }, 10)).to.deep.equal([]);
    });

    const archiveGrant = (device: DeviceId, generation: number, text = "sealed"): ArchiveGrantRow => ({
      device,
      generation,
      listVersion: 5,
      keyPackage: bytesOf("package", 32),
      encapsulated: bytesOf("encapsulated", 1120),
      sealed: bytesOf(text, 48),
      signature: bytesOf("signature", 64),
    });

    it("has archive keys of each giver beside those of the others, the newest of each, whoever has signed them", async () => {
      const { one, other } = stores();
      const alice = await addDevice(one, newUser());
      const tablet = await addDevice(one, alice.user);
      const thief = await addDevice(one, alice.user);
      const grant = (generation: number, text?: string): ArchiveGrantRow =>
        archiveGrant(tablet.device, generation, text);
      await one.putArchiveGrants(alice.user, alice.device, [grant(7, "true")]);
      await other.putArchiveGrants(alice.user, thief.device, [grant(7, "made up")]);
      expect(await one.readArchiveGrants(tablet.device)).to.have.deep.members([grant(7, "true"), grant(7, "made up")]);
      const most = limits.archiveGrantsPerGiver;
      const many = Array.from({ length: most + 2 }, (_, index) => grant(index + 8, "made up"));
      await one.putArchiveGrants(alice.user, thief.device, many);
      await one.putArchiveGrants(alice.user, alice.device, [grant(8, "true")]);
      const kept = await other.readArchiveGrants(tablet.device);
      expect(kept.filter(({ sealed }) => Buffer.from(sealed).equals(bytesOf("true", 48)))).to.deep.equal([
        grant(7, "true"),
        grant(8, "true"),
      ]);
      expect(kept).to.have.length(2 + most);
      expect(kept.at(-1)).to.deep.equal(many.at(-1));
    });

    it("has archive keys that wait for one device each, as long as it lives", async () => {
      const { one, other } = stores();
      const alice = await addDevice(one, newUser());
      const tablet = await addDevice(one, alice.user);
      const grant = (generation: number, text?: string): ArchiveGrantRow =>
        archiveGrant(tablet.device, generation, text);
      const byTablet = { ...grant(3), by: tablet.device };
      expect(await one.putArchiveGrants(alice.user, alice.device, [byTablet, grant(2, "first")])).to.equal(true);
      expect(await other.putArchiveGrants(alice.user, alice.device, [grant(2, "second")])).to.equal(true);
      expect(await one.readArchiveGrants(tablet.device)).to.deep.equal([grant(2, "second"), byTablet]);
      expect(await one.putArchiveGrants(newUser(), alice.device, [grant(4)])).to.equal(false);
      expect(await other.readArchiveGrants(alice.device)).to.deep.equal([]);
      await revokeDevice(other, tablet);
      expect(await one.readArchiveGrants(tablet.device)).to.deep.equal([]);
      expect(await one.putArchiveGrants(alice.user, alice.device, [grant(4)])).to.equal(false);
    });

    it("loses a key when a later one took over longer ago than messages are kept; the latest stays", async () => {
      const { one } = stores();
      const { alice, conversation } = await foundDirect(one);
      mustBeAccepted(await one.acceptCommit(commitBy(conversation, alice, 1)));
      await one.putHistoryKeys(alice.user, alice.device, [keyOf(conversation, 2)]);
      await one.putHistoryKeys(alice.user, alice.device, [keyOf(conversation, 1)]);
      await one.purge({ now: Date.now() + 89 * dayMs, dryRun: false, chunk: 1000 });
      const epochs = async () =>
        (await one.readHistoryKeys(alice.user, conversation, { generation: 0, epoch: 0 }, 10)).map(
          ({ epoch }) => epoch,
        );
      expect(await epochs()).to.deep.equal([1, 2]);
      const report = await one.purge({ now: Date.now() + 91 * dayMs, dryRun: false, chunk: 1000 });
      expect(report.find(({ table }) => table === "history_keys")!.rows).to.equal(1);
      expect(await epochs()).to.deep.equal([2]);
    });
  });
}
