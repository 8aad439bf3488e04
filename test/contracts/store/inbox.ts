import { expect } from "chai";
import type { ReaddRequest } from "../../../src/actors/ports/store-devices.ts";
import type { Store } from "../../../src/actors/ports/store.ts";
import { newId, type ConversationId } from "../../../src/protocol/ids.ts";
import { limits } from "../../../src/protocol/limits.ts";
import { eventually } from "../../support/eventually.ts";
import {
  addDevice,
  bytesOf,
  commitBy,
  foundDirect,
  mustBeAccepted,
  newUser,
  revokeDevice,
  type Party,
} from "../../support/store/store-kit.ts";
import type { StorePair } from "./store-pair.ts";

const dayMs = 24 * 60 * 60_000;

const readdBy = (conversation: ConversationId, party: Party): ReaddRequest => ({
  conversation,
  generation: 1,
  epoch: 1,
  ...party,
  keyPackage: bytesOf("package", 300),
  signature: bytesOf("signature", 64),
});

export function describeInbox(stores: () => StorePair): void {
  describe("a device's inbox", () => {
    it("holds the Welcome until it is acked", async () => {
      const { one, other } = stores();
      const { bob, conversation, founding } = await foundDirect(one);
      const { entries, more } = await other.readInbox(bob.device, 0, 10);
      expect(more).to.equal(false);
      expect(entries).to.have.length(1);
      expect(entries[0]).to.deep.include({ kind: "welcome", conversation, sequence: 1, welcome: founding.welcome });
      await other.ackInbox(bob.device, entries[0]!.position);
      expect((await one.readInbox(bob.device, 0, 10)).entries).to.deep.equal([]);
    });

    it("is read page by page, of so many entries and so many bytes of Welcomes", async () => {
      const { one } = stores();
      const bob = await addDevice(one, newUser("bob"));
      const found = async (size: number) => {
        const alice = await addDevice(one, newUser("alice"));
        const { row } = await one.openDirect(alice.user, bob.user, newId<ConversationId>());
        const founding = { added: [alice, bob], welcome: bytesOf("welcome", size) };
        mustBeAccepted(await one.acceptCommit(commitBy(row.conversation, alice, 0, founding)));
      };
      for (const size of [3000, 100, 100, 100, 100, 100, 100]) await found(size);
      const sizes = async (after: number, limit: number, maxBytes?: number) => {
        const { entries, more } = await one.readInbox(bob.device, after, limit, maxBytes);
        const welcomes = entries.map((entry) => (entry.kind === "welcome" ? entry.welcome.length : 0));
        return { welcomes, more, last: entries.at(-1)?.position ?? 0 };
      };
      const first = await sizes(0, 10, 1000);
      expect(first).to.deep.include({ welcomes: [3000], more: true });
      expect(await sizes(first.last, 10, 500)).to.deep.include({ welcomes: [100, 100, 100, 100, 100], more: true });
      expect(await sizes(first.last, 10, 600)).to.deep.include({ welcomes: Array(6).fill(100), more: false });
      expect(await sizes(0, 7)).to.deep.include({ welcomes: [3000, ...Array(6).fill(100)], more: false });
      expect(await sizes(0, 2)).to.deep.include({ welcomes: [3000, 100], more: true });
    });

    it("gets one request per device to be re-added, the latest", async () => {
      const { one, other } = stores();
      const { alice, bob, conversation } = await foundDirect(one);
      const request = (epoch: number) => ({
        conversation,
        generation: 1,
        epoch,
        ...alice,
        keyPackage: bytesOf(`package ${epoch}`, 300),
        signature: bytesOf("signature", 64),
      });
      const first = await one.postReadd(request(1));
      const second = await other.postReadd(request(2));
      expect(first).to.have.length(1);
      expect(second).to.have.nested.property("[0].device", bob.device);
      const { entries } = await one.readInbox(bob.device, 0, 10);
      const readds = entries.filter(({ kind }) => kind === "readd");
      expect(readds).to.have.length(1);
      expect(readds[0]).to.deep.include({ epoch: 2, keyPackage: bytesOf("package 2", 300), device: alice.device });
      expect((second as { position: number }[])[0]!.position).to.be.above(
        (first as { position: number }[])[0]!.position,
      );
      const stranger = await addDevice(one, newUser());
      expect(await one.postReadd({ ...request(3), ...stranger })).to.equal("not-a-member");
      expect(await one.postReadd({ ...request(3), conversation: newId<ConversationId>() })).to.equal("not-a-member");
    });

    it("gets no request of a device that was added again since it last knew", async () => {
      const { one, other } = stores();
      const { alice, bob, conversation } = await foundDirect(one);
      const request = readdBy(conversation, alice);
      await one.postReadd(request, 1);
      mustBeAccepted(
        await one.acceptCommit(commitBy(conversation, bob, 1, { removed: [alice.device], added: [alice] })),
      );
      expect(await other.postReadd(request, 1)).to.equal("stale-epoch");
      expect(await one.findReadd(conversation, alice.device)).to.equal(undefined);
      expect(await other.postReadd(request, 2)).to.have.length(1);
    });

    it("leaves a request waiting whoever acked it, until the device is added or revoked", async () => {
      const { one, other } = stores();
      const { alice, bob, conversation } = await foundDirect(one);
      const request = (party: Party) => readdBy(conversation, party);
      expect(await one.findReadd(conversation, alice.device)).to.equal(undefined);
      const posted = (await one.postReadd(request(alice))) as { position: number }[];
      await one.ackInbox(bob.device, posted[0]!.position);
      expect(await other.findReadd(conversation, alice.device)).to.deep.equal(request(alice));
      expect(await other.findReadd(newId<ConversationId>(), alice.device)).to.equal(undefined);
      expect(await other.findReadd(conversation, bob.device)).to.equal(undefined);
      await one.acceptCommit(commitBy(conversation, bob, 1, { removed: [alice.device], added: [alice] }));
      expect(await one.findReadd(conversation, alice.device)).to.equal(undefined);
      await one.postReadd(request(bob));
      await revokeDevice(one, bob);
      expect(await other.findReadd(conversation, bob.device)).to.equal(undefined);
    });

    it("keeps a Welcome for as long as the log: a request to be re-added ends with the undelivered time to live", async () => {
      const { one } = stores();
      const { alice, bob, conversation } = await foundDirect(one);
      await one.postReadd(readdBy(conversation, alice));
      await one.purge({ now: Date.now() + 31 * dayMs, dryRun: false, chunk: 1000 });
      expect((await one.readInbox(bob.device, 0, 10)).entries.map(({ kind }) => kind)).to.deep.equal(["welcome"]);
      expect(await one.findReadd(conversation, alice.device)).to.equal(undefined);
      const report = await one.purge({ now: Date.now() + 91 * dayMs, dryRun: false, chunk: 1000 });
      expect((await one.readInbox(bob.device, 0, 10)).entries).to.deep.equal([]);
      expect(report.find(({ table }) => table === "welcomes")!.rows).to.be.above(0);
    });

    it("hides a request whose time has passed, and a Welcome whose log has", async () => {
      const { one, impatient, forgetful } = stores();
      const { alice, bob, conversation } = await foundDirect(one);
      await one.postReadd(readdBy(conversation, alice));
      const kinds = async (store: Store) => (await store.readInbox(bob.device, 0, 10)).entries.map(({ kind }) => kind);
      await eventually(async () => expect(await kinds(impatient)).to.deep.equal(["welcome"]));
      expect(await impatient.findReadd(conversation, alice.device)).to.equal(undefined);
      await eventually(async () => expect(await kinds(forgetful)).to.not.include("welcome"));
    });

    it("loses no Welcome to requests, however many come and however often they are repeated", async () => {
      const { one } = stores();
      const { alice, bob, conversation } = await foundDirect(one);
      const requests = Array.from({ length: limits.inboxEntriesPerDevice + 1 }, () => readdBy(conversation, alice));
      await Promise.all(requests.map((request) => one.postReadd(request)));
      const { entries, more } = await one.readInbox(bob.device, 0, 10);
      expect(more).to.equal(false);
      expect(entries.map(({ kind }) => kind)).to.deep.equal(["welcome", "readd"]);
    });

    it("holds one Welcome for each conversation: the latest", async () => {
      const { one, other } = stores();
      const { alice, bob, conversation } = await foundDirect(one);
      const readd = { removed: [bob.device], added: [bob], welcome: bytesOf("second welcome") };
      const { sequence } = mustBeAccepted(await one.acceptCommit(commitBy(conversation, alice, 1, readd)));
      const { entries } = await other.readInbox(bob.device, 0, 10);
      expect(entries).to.have.length(1);
      expect(entries[0]).to.deep.include({ kind: "welcome", sequence, welcome: readd.welcome });
    });

    it("goes with the device's revocation, and so do its requests", async () => {
      const { one } = stores();
      const { alice, bob, conversation } = await foundDirect(one);
      await one.postReadd(readdBy(conversation, bob));
      await revokeDevice(one, bob);
      expect((await one.readInbox(bob.device, 0, 10)).entries).to.deep.equal([]);
      expect((await one.readInbox(alice.device, 0, 10)).entries).to.deep.equal([]);
    });
  });
}
