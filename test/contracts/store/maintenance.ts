import { expect } from "chai";
import type { PurgeReport } from "../../../src/actors/ports/store-maintenance.ts";
import { newId, type ConversationId } from "../../../src/protocol/ids.ts";
import { eventually } from "../../support/eventually.ts";
import {
  ackBy,
  addDevice,
  bytesOf,
  foundDirect,
  messageBy,
  newUser,
  revokeDevice,
} from "../../support/store/store-kit.ts";
import type { StorePair } from "./store-pair.ts";

const dayMs = 24 * 60 * 60_000;
const rowsOf = (report: PurgeReport, table: string) => report.find((line) => line.table === table)?.rows;

export function describeMaintenance(stores: () => StorePair): void {
  const leaseAll = async (now: number, leaseMs = 1000, one = stores().one) =>
    (await one.leaseDueConversations(now, 100_000, leaseMs)).due;

  describe("conversations that are due", () => {
    it("are leased to one sweeper, with everybody who lags", async () => {
      const { one, other } = stores();
      const { conversation, alice, bob } = await foundDirect(one);
      await one.advancePositions([ackBy(conversation, alice, 1)]);
      const now = Date.now() + 1;
      const leases = await Promise.all([leaseAll(now), leaseAll(now, 1000, other)]);
      const own = leases.flat().filter((due) => due.conversation === conversation);
      expect(own).to.deep.equal([{ conversation, head: 1, laggards: [{ ...bob, position: 0 }], waiting: [] }]);
    });

    it("come back with growing intervals, and at once when something new is said", async () => {
      const { one } = stores();
      const { conversation, alice } = await foundDirect(one);
      const isDue = async (now: number) => (await leaseAll(now, 1)).some((due) => due.conversation === conversation);
      const now = Date.now() + 1;
      expect(await isDue(now)).to.equal(true);
      await one.postponeConversation(conversation, 1, now);
      expect(await isDue(now + 1_900)).to.equal(false);
      expect(await isDue(now + 2_000)).to.equal(true);
      await one.postponeConversation(conversation, 1, now);
      expect(await isDue(now + 3_900)).to.equal(false);
      await one.acceptMessages(conversation, [messageBy(conversation, alice, 1)]);
      expect(await isDue(Date.now() + 1)).to.equal(true);
      await one.postponeConversation(conversation, 1, now);
      expect(await isDue(now)).to.equal(true);
    });

    it("say that there may be more when as many were looked at as asked for, cleared ones too", async () => {
      const { one, other } = stores();
      for (let count = 0; count < 3; count += 1) {
        const { conversation, alice, bob } = await foundDirect(one);
        await one.advancePositions([ackBy(conversation, alice, 1), ackBy(conversation, bob, 1)]);
      }
      const now = Date.now() + 200 * dayMs;
      const first = await other.leaseDueConversations(now, 2, 1000);
      expect(first.more).to.equal(true);
      let [pages, more] = [1, true];
      for (; more; pages += 1) ({ more } = await other.leaseDueConversations(now, 2, 1000));
      expect(pages).to.be.greaterThan(1);
      expect((await leaseAll(now)).length, "nothing is left for another turn").to.equal(0);
    });

    it("are cleared when nobody lags; a revoked device does not count", async () => {
      const { one } = stores();
      const { conversation, alice, bob } = await foundDirect(one);
      await one.advancePositions([ackBy(conversation, alice, 1), ackBy(conversation, bob, 1)]);
      await leaseAll(Date.now() + 1);
      const after = await leaseAll(Date.now() + dayMs);
      expect(after.some((due) => due.conversation === conversation)).to.equal(false);
      await one.acceptMessages(conversation, [messageBy(conversation, alice, 1)]);
      await one.advancePositions([ackBy(conversation, alice, 2)]);
      await revokeDevice(one, bob);
      const again = await leaseAll(Date.now() + dayMs);
      expect(again.find((due) => due.conversation === conversation)?.laggards ?? []).to.deep.equal([]);
    });
  });

  describe("messages that nobody came for", () => {
    it("expire once, up to where, and the sender is told", async () => {
      const { one, other } = stores();
      const { conversation, alice, bob } = await foundDirect(one);
      await one.acceptMessages(conversation, [messageBy(conversation, alice, 1)]);
      await one.advancePositions([ackBy(conversation, alice, 2)]);
      const expire = async (now: number) =>
        (await other.expireUndelivered(now, 30 * dayMs, 100_000)).expiries.filter(
          (each) => each.conversation === conversation,
        );
      expect(await expire(Date.now() + dayMs)).to.deep.equal([]);
      const now = Date.now() + 31 * dayMs;
      const [expiry] = await expire(now);
      expect(expiry).to.deep.include({ user: bob.user, sequence: 2, at: now, tell: [alice.user] });
      expect(await expire(now + dayMs)).to.deep.equal([]);
      const { receipts } = await one.readReceipts(conversation, 0, 10);
      expect(receipts.at(-1)).to.deep.equal({
        conversation,
        user: bob.user,
        at: now,
        version: expiry!.version,
        kind: "expired",
        sequence: 2,
      });
      expect((await leaseAll(now + dayMs)).some((due) => due.conversation === conversation)).to.equal(false);
      const log = await one.readLog({ conversation, device: bob.device, after: 0, limit: 10, maxBytes: 1e6 });
      expect(log).to.have.nested.property("entries.length", 2);
    });

    it("expire later for what was said later", async () => {
      const { one } = stores();
      const { conversation, alice, bob } = await foundDirect(one);
      await one.acceptMessages(conversation, [messageBy(conversation, alice, 1)]);
      const now = Date.now() + 31 * dayMs;
      await one.expireUndelivered(now, 30 * dayMs, 100_000);
      await one.acceptMessages(conversation, [messageBy(conversation, alice, 2)]);
      const { expiries: later } = await one.expireUndelivered(now, 30 * dayMs, 100_000);
      const [own] = later.filter((each) => each.conversation === conversation);
      expect(own).to.include({ user: bob.user, sequence: 3 });
    });
  });

  describe("the purge", () => {
    it("counts in a dry run what it then deletes, and keeps what is younger than the retention", async () => {
      const { one, other } = stores();
      const { conversation, alice, bob } = await foundDirect(one);
      const sent = Array.from({ length: 30 }, (_, index) => messageBy(conversation, alice, index + 1));
      await one.acceptMessages(conversation, sent);
      await one.advancePositions([ackBy(conversation, bob, 31)]);
      const early = await one.purge({ now: Date.now() + 89 * dayMs, dryRun: false, chunk: 7 });
      expect(rowsOf(early, "messages")).to.equal(0);
      const now = Date.now() + 91 * dayMs;
      const dry = await one.purge({ now, dryRun: true, chunk: 7 });
      expect(rowsOf(dry, "messages")).to.be.at.least(31);
      const done = await other.purge({ now, dryRun: false, chunk: 7 });
      expect(rowsOf(done, "messages")).to.equal(rowsOf(dry, "messages"));
      const view = await one.viewConversation(bob.user, bob.device, conversation);
      expect(view).to.include({ head: 31, floor: 31, position: 31 });
      const next = messageBy(conversation, alice, 31);
      const [accepted] = await one.acceptMessages(conversation, [next]);
      expect(accepted).to.include({ status: "accepted", sequence: 32 });
      const again = await one.purge({ now: Date.now() + 60 * dayMs, dryRun: true, chunk: 7 });
      expect(again.reduce((sum, { rows }) => sum + rows, 0)).to.equal(0);
    });

    it("takes expired key packages and link offers, old inboxes with their Welcomes, and conversations never founded", async () => {
      const { one } = stores();
      const { bob } = await foundDirect(one);
      const party = await addDevice(one, newUser());
      const { row } = await one.openDirect(party.user, newUser(), newId<ConversationId>());
      const expiresAt = Date.now() + 1000;
      await one.publishKeyPackages({
        ...party,
        suite: 84,
        oneTime: [{ hash: bytesOf("h"), bytes: bytesOf("p"), expiresAt }],
      });
      const report = await one.purge({ now: Date.now() + 91 * dayMs, dryRun: false, chunk: 1000 });
      for (const table of ["key_packages", "inbox", "welcomes", "members", "directs", "conversations"]) {
        expect(rowsOf(report, table), table).to.be.above(0);
      }
      expect(await one.findConversation(row.conversation)).to.equal(undefined);
      expect((await one.readInbox(bob.device, 0, 10)).entries).to.deep.equal([]);
    });
  });

  describe("a conversation that nobody has founded", () => {
    it("ends when nobody opens it for as long as the retention, and comes back under the id it had", async () => {
      const { one, other, forgetful } = stores();
      const [a, b] = [newUser("a"), newUser("b")];
      const { row } = await one.openDirect(a, b, newId<ConversationId>());
      const openedAt = Date.now();
      await eventually(() => expect(Date.now()).to.be.above(openedAt));
      // To this instance, any time that has passed is worth noting.
      await forgetful.openDirect(a, b, newId<ConversationId>());
      await one.purge({ now: openedAt + 90 * dayMs + 1, dryRun: false, chunk: 1000 });
      expect(await other.findConversation(row.conversation)).to.deep.equal(row);
      expect((await one.openDirect(b, a, newId<ConversationId>())).created).to.equal(false);
      await one.purge({ now: Date.now() + 90 * dayMs + 1, dryRun: false, chunk: 1 });
      expect(await other.findConversation(row.conversation)).to.equal(undefined);
      expect(await other.shareConversation(a, b)).to.equal(false);
      const back = await one.openDirect(a, b, row.conversation);
      expect(back).to.have.nested.property("row.conversation", row.conversation);
      expect(back.row.users).to.deep.equal([a, b].sort());
    });
  });

  describe("a key of the nodes", () => {
    it("is made once, and the same for whoever asks", async () => {
      const { one, other } = stores();
      const fresh = [new Uint8Array(32).fill(1), new Uint8Array(32).fill(2)] as const;
      const keys = await Promise.all([one.nodeKey("tried", fresh[0]), other.nodeKey("tried", fresh[1])]);
      expect([...keys[0]]).to.deep.equal([...keys[1]]);
      expect([1, 2]).to.include(keys[0][31]);
      expect([...(await other.nodeKey("another", fresh[1]))]).to.deep.equal([...fresh[1]]);
    });
  });

  describe("the growth of the log", () => {
    it("is what came in the last seven days, and since when", async () => {
      const { one, other } = stores();
      const now = Date.now();
      const before = await one.measureGrowth(now);
      const { conversation, alice } = await foundDirect(one);
      const old = messageBy(conversation, alice, 1, { payload: bytesOf("payload", 1000) });
      await one.acceptMessages(conversation, [old]);
      const after = await other.measureGrowth(Date.now());
      expect(after.entries - before.entries).to.equal(2);
      expect(after.payloadBytes - before.payloadBytes).to.equal(1200);
      expect(after.days).to.be.within(0, 7);
      expect(await one.measureGrowth(Date.now() + 8 * dayMs)).to.deep.equal({ days: 0, entries: 0, payloadBytes: 0 });
    });
  });

  describe("measuring", () => {
    it("counts what is there", async () => {
      const { one } = stores();
      const before = await one.measure();
      const { conversation, alice } = await foundDirect(one);
      await one.acceptMessages(conversation, [messageBy(conversation, alice, 1)]);
      const after = await one.measure();
      expect(after.conversations - before.conversations).to.equal(1);
      expect(after.messages - before.messages).to.equal(2);
      expect(after.devices - before.devices).to.equal(2);
      expect(after.due - before.due).to.equal(1);
      expect(after.bytes).to.be.above(0);
      await one.ping();
    });
  });
}
