import { expect } from "chai";
import type { PurgeReport } from "../../../src/actors/ports/store-maintenance.ts";
import type { LogRow } from "../../../src/actors/ports/store-log.ts";
import type { Store } from "../../../src/actors/ports/store.ts";
import { entryHash } from "../../../src/identity/log-hash.ts";
import { sodiumReady } from "../../../src/identity/sodium.ts";
import { newId, type ConversationId } from "../../../src/protocol/ids.ts";
import { ackBy, addDevice, bytesOf, commitBy, messageBy, newUser, type Party } from "../../support/store/store-kit.ts";
import type { StorePair } from "./store-pair.ts";

const dayMs = 24 * 60 * 60_000;
const minuteMs = 60_000;
const rowsOf = (report: PurgeReport, table: string) =>
  report.filter((line) => line.table === table).reduce((sum, { rows }) => sum + rows, 0);

interface Founded {
  conversation: ConversationId;
  alice: Party;
  bob: Party;
}

export function describeRetention(stores: () => StorePair): void {
  const policyOf = (alice: Party, retentionDays?: number) => ({
    roles: [{ user: alice.user, role: "owner" as const }],
    history: "kept" as const,
    ...(retentionDays !== undefined && { retentionDays }),
  });

  /** A group of two; its commits, two at sequences 1 and 2, were accepted long ago: at `at`. */
  const foundGroup = async (store: Store, at: number, retentionDays?: number): Promise<Founded> => {
    const alice = await addDevice(store, newUser("alice"));
    const bob = await addDevice(store, newUser("bob"));
    const conversation = newId<ConversationId>();
    await store.createGroup(alice.user, conversation, 84);
    const group = { policy: policyOf(alice), leavers: [], leaversBefore: [], joined: [], gone: [] };
    const founding = { leaves: [alice.device, bob.device], added: [alice, bob], acceptedAt: at };
    const founded = await store.acceptCommit(
      commitBy(conversation, alice, 0, { ...founding, group: { ...group, joined: [bob.user] } }),
    );
    expect(founded.status).to.equal("accepted");
    await setRetention(store, { conversation, alice, bob }, 1, retentionDays, at);
    return { conversation, alice, bob };
  };
  const setRetention = async (
    store: Store,
    { conversation, alice, bob }: Founded,
    epoch: number,
    days: number | undefined,
    at = Date.now(),
  ) => {
    const group = { policy: policyOf(alice, days), leavers: [], leaversBefore: [], joined: [], gone: [] };
    const leaves = [alice.device, bob.device];
    const outcome = await store.acceptCommit(commitBy(conversation, alice, epoch, { leaves, group, acceptedAt: at }));
    expect(outcome.status).to.equal("accepted");
  };
  /** Accepted at those times, which never decrease. */
  const say = (
    store: Store,
    { conversation, alice }: Founded,
    first: number,
    times: readonly number[],
    disappears?: true,
  ) =>
    store.acceptMessages(
      conversation,
      times.map((acceptedAt, index) =>
        messageBy(conversation, alice, first + index, { epoch: 2, acceptedAt, ...(disappears && { disappears }) }),
      ),
    );
  const read = async (store: Store, { conversation, bob }: Founded, after = 0) => {
    const log = await store.readLog({ conversation, device: bob.device, after, limit: 100, maxBytes: 1e6 });
    if (log === "not-a-member") throw new Error(log);
    return log;
  };
  const history = async (store: Store, { conversation, bob }: Founded) => {
    const page = await store.readHistory({ conversation, ...bob, before: undefined, limit: 100, maxBytes: 1e6 });
    if (page === "not-a-member") throw new Error(page);
    return page.entries.map(({ sequence }) => sequence);
  };
  const isGone = ({ goneHash, payload }: LogRow) => goneHash !== undefined && payload.length === 0;
  const goneOf = (entries: readonly LogRow[]) => entries.filter(isGone).map(({ sequence }) => sequence);
  const purge = (store: Store, now = Date.now(), dryRun = false) => store.purge({ now, dryRun, chunk: 7 });

  before(() => sodiumReady());

  describe("a conversation with a shorter retention", () => {
    it("hides what is past it to the minute, from the log and from history; the log has no gap by it", async () => {
      const { one, other } = stores();
      const now = Date.now();
      const group = await foundGroup(one, now - 10 * dayMs, 3);
      await say(one, group, 1, [now - 3 * dayMs - minuteMs, now - 3 * dayMs + minuteMs, now - dayMs]);
      const log = await read(other, group);
      expect(log.entries.map(({ sequence }) => sequence)).to.deep.equal([1, 2, 3, 4, 5]);
      expect(goneOf(log.entries)).to.deep.equal([3]);
      expect(await history(other, group)).to.deep.equal([4, 5]);
      const view = await other.viewConversation(group.bob.user, group.bob.device, group.conversation);
      expect(view).to.include({ floor: 3 });
    });

    it("is that of the deployment where that is shorter, or the policy names none", async () => {
      const { one } = stores();
      const now = Date.now();
      const longer = await foundGroup(one, now - 95 * dayMs, 3650);
      await say(one, longer, 1, [now - 90 * dayMs - minuteMs, now - 90 * dayMs + minuteMs]);
      expect(await history(one, longer)).to.deep.equal([4]);
      expect((await read(one, longer)).floor).to.equal(3);
      const none = await foundGroup(one, now - 10 * dayMs);
      await say(one, none, 1, [now - 9 * dayMs]);
      expect(await history(one, none)).to.deep.equal([1, 2, 3]);
    });

    it("counts for what was said before it was shortened, at once; and what has gone does not come back", async () => {
      const { one, other } = stores();
      const now = Date.now();
      const group = await foundGroup(one, now - 10 * dayMs);
      await say(one, group, 1, [now - 9 * dayMs, now - 2 * dayMs]);
      expect(await history(one, group)).to.deep.equal([1, 2, 3, 4]);
      await setRetention(one, group, 2, 5);
      expect(await history(other, group)).to.deep.equal([4, 5]);
      await purge(one);
      await setRetention(one, group, 3, undefined);
      expect(goneOf((await read(other, group)).entries)).to.deep.equal([3]);
    });

    it("lets go, at the next purge, of all that every device has passed; of what one has not, the hash stays", async () => {
      const { one, other } = stores();
      const now = Date.now();
      const group = await foundGroup(one, now - 10 * dayMs, 3);
      const { conversation, alice, bob } = group;
      await say(one, group, 1, [now - 9 * dayMs, now - 8 * dayMs, now - 7 * dayMs, now - dayMs]);
      const whole = await other.findEntry(conversation, bob.device, 6);
      const hashes = (await read(one, group)).entries.map(({ goneHash }) => goneHash && [...goneHash]);
      await one.advancePositions([ackBy(conversation, alice, 6), ackBy(conversation, bob, 3)]);
      const dry = await purge(one, now, true);
      const done = await purge(other, now);
      expect(rowsOf(done, "messages")).to.equal(rowsOf(dry, "messages")).and.to.equal(5);
      const left = await read(one, group);
      expect(left.floor).to.equal(3);
      expect(left.entries.map(({ sequence }) => sequence)).to.deep.equal([4, 5, 6]);
      expect(goneOf(left.entries)).to.deep.equal([4, 5]);
      expect(left.entries.map(({ goneHash }) => goneHash && [...goneHash])).to.deep.equal(hashes.slice(3));
      expect(await one.findEntry(conversation, bob.device, 6)).to.deep.equal(whole);
      expect(rowsOf(await purge(one, now + 1), "messages"), "nothing is left to do").to.equal(0);
      await one.advancePositions([ackBy(conversation, bob, 6)]);
      expect(rowsOf(await purge(one, now + 2), "messages")).to.equal(2);
      expect((await read(one, group)).floor).to.equal(5);
      const [next] = await one.acceptMessages(conversation, [messageBy(conversation, alice, 5, { epoch: 2 })]);
      expect(next).to.include({ status: "accepted", sequence: 7 });
    });

    it("keeps, of what has gone, the hash that members took of it", async () => {
      const { one } = stores();
      const now = Date.now();
      const group = await foundGroup(one, now - 10 * dayMs);
      await say(one, group, 1, [now - 9 * dayMs, now - 9 * dayMs]);
      const before = (await read(one, group)).entries.map((entry) => [...entryHash(entry)]);
      await setRetention(one, group, 2, 1);
      const hidden = (await read(one, group)).entries[2]!;
      expect([...hidden.goneHash!]).to.deep.equal(before[2]);
      await purge(one);
      const gone = (await read(one, group)).entries[2]!;
      expect([...gone.goneHash!]).to.deep.equal(before[2]);
      const { kind, sender, id, number, acceptedAt } = hidden;
      expect(gone).to.deep.include({ kind, sender, id, number, acceptedAt });
    });

    it("tells the sender that it ran out for who has not come by then, whether the purge was first or not", async () => {
      const { one, other } = stores();
      const now = Date.now();
      for (const purgesFirst of [true, false]) {
        const group = await foundGroup(one, now - 10 * dayMs, 3);
        const { conversation, alice, bob } = group;
        await say(one, group, 1, [now - 4 * dayMs, now - dayMs]);
        await one.advancePositions([ackBy(conversation, alice, 4)]);
        if (purgesFirst) await purge(other);
        const { expiries } = await other.expireUndelivered(now, 30 * dayMs, 100_000);
        const own = expiries.filter((expiry) => expiry.conversation === conversation);
        expect(own).to.have.length(1);
        expect(own[0]).to.deep.include({ user: bob.user, sequence: 3, tell: [alice.user] });
      }
    });

    it("ends keys in archives, and leave to read what was before, as soon", async () => {
      const { one, other } = stores();
      const group = await foundGroup(one, Date.now(), 3);
      const longer = await foundGroup(one, Date.now());
      for (const { conversation, alice, bob } of [group, longer]) {
        const key = { conversation, generation: 1, archiveGeneration: 1, sealed: bytesOf("history key", 100) };
        await one.putHistoryKeys(
          alice.user,
          alice.device,
          [1, 2].map((epoch) => ({ ...key, epoch })),
        );
        const share = { conversation, user: bob.user, joinedSequence: 1, by: alice, signature: bytesOf("share", 64) };
        expect(await one.shareHistory(share)).to.equal("shared");
      }
      const keys = async ({ conversation, alice }: Founded) =>
        (await other.readHistoryKeys(alice.user, conversation, { generation: 0, epoch: 0 }, 10)).map(
          ({ epoch }) => epoch,
        );
      await purge(one, Date.now() + 3 * dayMs - minuteMs);
      expect(await keys(group)).to.deep.equal([1, 2]);
      const report = await purge(one, Date.now() + 3 * dayMs + minuteMs);
      expect([await keys(group), await keys(longer)]).to.deep.equal([[2], [1, 2]]);
      expect(rowsOf(report, "history_shares")).to.equal(1);
    });
  });

  describe("a message that disappears", () => {
    it("goes when every device has it, and no sooner; the log has no gap by it", async () => {
      const { one, other } = stores();
      const group = await foundGroup(one, Date.now() - dayMs);
      const { conversation, alice, bob } = group;
      await say(one, group, 1, [Date.now()]);
      await say(one, group, 2, [Date.now()], true);
      await say(one, group, 3, [Date.now()]);
      await one.advancePositions([ackBy(conversation, alice, 5), ackBy(conversation, bob, 3)]);
      expect(rowsOf(await purge(one), "disappearing")).to.equal(0);
      const before = await read(one, group);
      expect(goneOf(before.entries)).to.deep.equal([]);
      await one.advancePositions([ackBy(conversation, bob, 4)]);
      expect(rowsOf(await purge(one, Date.now(), true), "disappearing")).to.equal(1);
      expect(rowsOf(await purge(one), "disappearing")).to.equal(1);
      const after = await read(other, group);
      expect(after.entries.map(({ sequence }) => sequence)).to.deep.equal([1, 2, 3, 4, 5]);
      expect(goneOf(after.entries)).to.deep.equal([4]);
      expect([...after.entries[3]!.goneHash!]).to.deep.equal([...entryHash(before.entries[3]!)]);
      expect(rowsOf(await purge(one), "disappearing")).to.equal(0);
    });

    it("goes when its time to be delivered is over, and who has not got it is told of", async () => {
      const { one } = stores();
      const group = await foundGroup(one, Date.now() - dayMs);
      const { conversation, alice, bob } = group;
      await say(one, group, 1, [Date.now()], true);
      await one.advancePositions([ackBy(conversation, alice, 3)]);
      expect(rowsOf(await purge(one, Date.now() + 30 * dayMs - minuteMs), "disappearing")).to.equal(0);
      expect(rowsOf(await purge(one, Date.now() + 30 * dayMs + minuteMs), "disappearing")).to.equal(1);
      expect(goneOf((await read(one, group)).entries)).to.deep.equal([3]);
      const { expiries } = await one.expireUndelivered(Date.now() + 31 * dayMs, 30 * dayMs, 100_000);
      const own = expiries.filter((expiry) => expiry.conversation === conversation);
      expect(own).to.have.length(1);
      expect(own[0]).to.deep.include({ user: bob.user, sequence: 3 });
    });
  });

  describe("the way from queue to history", () => {
    it("ends for a message as its last recipient acks: from then on what it says of receipts runs out, and no sooner", async () => {
      const { one, other } = stores();
      const group = await foundGroup(one, Date.now());
      const { conversation, alice, bob } = group;
      const carol = await addDevice(one, newUser("carol"));
      const membership = { policy: policyOf(alice), leavers: [], leaversBefore: [], joined: [carol.user], gone: [] };
      const devices = [alice, bob, carol].map(({ device }) => device);
      await one.acceptCommit(commitBy(conversation, alice, 2, { added: [carol], leaves: devices, group: membership }));
      await one.acceptMessages(conversation, [messageBy(conversation, alice, 1, { epoch: 3 })]);
      await one.advancePositions([ackBy(conversation, alice, 4), ackBy(conversation, bob, 4)]);
      // Receipts never merge across a commit: this makes bob's first one of several.
      await one.acceptCommit(commitBy(conversation, alice, 3, { leaves: devices }));
      await one.acceptMessages(conversation, [messageBy(conversation, alice, 2, { epoch: 4 })]);
      await one.advancePositions([ackBy(conversation, bob, 6)]);
      const ofBob = async () =>
        (await one.readReceipts(conversation, 0, 10)).receipts.filter(({ user }) => user === bob.user).length;
      const sweepAndPurge = async () => {
        await other.leaseDueConversations(Date.now() + dayMs, 100_000, 1);
        await other.purge({ now: Date.now() + 31 * dayMs, dryRun: false, chunk: 500 });
      };
      expect(await ofBob()).to.equal(2);
      await sweepAndPurge();
      expect(await ofBob(), "carol has not got them: they are in the queue").to.equal(2);
      await one.advancePositions([ackBy(conversation, carol, 4)]);
      await sweepAndPurge();
      expect(await ofBob(), "the first is history, the last of a device stays with its message").to.equal(1);
    });
  });

  describe("a group that everybody has left", () => {
    it("goes, with all its rows, when retention has passed all of it", async () => {
      const { one, other } = stores();
      const group = await foundGroup(one, Date.now() - dayMs);
      const { conversation, alice, bob } = group;
      await say(one, group, 1, [Date.now()]);
      await one.advancePositions([ackBy(conversation, alice, 3), ackBy(conversation, bob, 3)]);
      for (const sender of [bob, alice]) {
        const leave = {
          conversation,
          generation: 1,
          epoch: 2,
          id: newId<never>(),
          sender,
          signature: new Uint8Array(64),
        };
        expect((await one.acceptLeave(leave)).status).to.equal("accepted");
      }
      await purge(one, Date.now() + 89 * dayMs);
      expect(await other.findConversation(conversation)).to.not.equal(undefined);
      const report = await purge(one, Date.now() + 91 * dayMs);
      for (const table of ["conversations", "members", "rosters", "conversation_groups", "conversation_devices"]) {
        expect(rowsOf(report, table), table).to.be.above(0);
      }
      expect(await other.findConversation(conversation)).to.equal(undefined);
    });
  });
}
