import { expect } from "chai";
import type { PrivacyRow, ReadMarkRow } from "../../../src/actors/ports/store-reading.ts";
import type { ConversationId } from "../../../src/protocol/ids.ts";
import {
  ackBy,
  addDevice,
  bytesOf,
  commitBy,
  foundDirect,
  messageBy,
  newUser,
  revokeDevice,
  type Party,
} from "../../support/store/store-kit.ts";
import type { StorePair } from "./store-pair.ts";

const dayMs = 24 * 3600_000;

const markBy = (conversation: ConversationId, party: Party, sequence: number): ReadMarkRow => ({
  ...ackBy(conversation, party, sequence),
  signature: bytesOf(`read ${sequence}`, 64),
  audience: "all",
});

const choiceOf = ({ user, device }: Party, version: number, readReceipts: boolean): PrivacyRow => {
  return { user, device, version, readReceipts, typing: true, signature: bytesOf(`choice ${version}`, 64) };
};

export function describeReadMarks(stores: () => StorePair): void {
  /** Bob has acked messages of alice's at 2 to `count` + 1. */
  const foundAndAcked = async (count: number) => {
    const founded = await foundDirect(stores().one);
    const { conversation, alice, bob } = founded;
    const sent = Array.from({ length: count }, (_, index) => messageBy(conversation, alice, index + 1));
    await stores().one.acceptMessages(conversation, sent);
    await stores().one.advancePositions([ackBy(conversation, bob, count + 1)]);
    return founded;
  };

  const readsIn = async (conversation: ConversationId) =>
    (await stores().other.readReceipts(conversation, 0, 100)).receipts.filter(({ kind }) => kind === "read");

  describe("read marks", () => {
    it("become receipts with the device's signature, and are the user's on all of its devices", async () => {
      const { one, other } = stores();
      const { conversation, alice, bob } = await foundAndAcked(2);
      const tablet = await addDevice(one, bob.user);
      await one.acceptCommit(commitBy(conversation, bob, 1, { added: [tablet] }));
      const mark = { ...markBy(conversation, bob, 3), unopened: [[2, 2]] as [number, number][] };
      const outcome = await one.markRead(mark);
      const { version } = outcome as { version: number };
      const { sequence, logHash, unopened, signature } = mark;
      const said = { sequence, logHash, unopened, signature };
      expect(await readsIn(conversation)).to.have.length(1);
      expect((await readsIn(conversation))[0]).to.deep.include({ kind: "read", ...bob, version, ...said });
      expect(await other.findReadMark(conversation, bob.user)).to.deep.include({ ...mark });
      const views = await Promise.all(
        [bob, tablet, alice].map(({ user, device }) => other.viewConversation(user, device, conversation)),
      );
      expect(views.map((view) => view?.readSequence)).to.deep.equal([3, 3, 0]);
      expect(views[2]).to.include({ receiptVersion: version });
    });

    it("only move forward, and not beyond what their device has acked", async () => {
      const { one, other } = stores();
      const { conversation, alice, bob } = await foundAndAcked(3);
      await one.acceptMessages(conversation, [messageBy(conversation, alice, 4)]);
      const statuses: string[] = [];
      for (const sequence of [5, 3, 3, 2, 4]) {
        statuses.push((await other.markRead(markBy(conversation, bob, sequence))).status);
      }
      expect(statuses).to.deep.equal(["outside", "marked", "unchanged", "unchanged", "marked"]);
      expect(await one.findReadMark(conversation, alice.user)).to.equal(undefined);
    });

    it("are refused from who is not in the group and from revoked devices", async () => {
      const { one } = stores();
      const { conversation, alice, bob } = await foundAndAcked(1);
      const stranger = await addDevice(one, newUser());
      await revokeDevice(one, bob);
      const marks = [stranger, { ...alice, user: bob.user }, bob].map((party) => markBy(conversation, party, 2));
      const outcomes = await Promise.all(marks.map((mark) => one.markRead(mark)));
      expect(outcomes.map(({ status }) => status)).to.deep.equal(["not-a-member", "not-a-member", "device-revoked"]);
      expect(await readsIn(conversation)).to.deep.equal([]);
    });

    it("for the user's own devices leave no trace that others could read", async () => {
      const { one, other } = stores();
      const { conversation, alice, bob } = await foundAndAcked(1);
      const before = await other.viewConversation(alice.user, alice.device, conversation);
      const outcome = await one.markRead({ ...markBy(conversation, bob, 2), audience: "own" });
      expect(outcome).to.deep.include({ status: "marked", version: null });
      expect(await readsIn(conversation)).to.deep.equal([]);
      expect(await other.viewConversation(alice.user, alice.device, conversation)).to.deep.equal(before);
      expect(await other.findReadMark(conversation, bob.user)).to.include({ sequence: 2, audience: "own" });
    });

    it("tell nobody while the user has switched receipts off, nor whom it has blocked", async () => {
      const { one } = stores();
      const off = await foundAndAcked(2);
      await one.setPrivacy(choiceOf(off.bob, 1, false));
      expect(await one.markRead(markBy(off.conversation, off.bob, 2))).to.include({ version: null });
      await one.setPrivacy(choiceOf(off.bob, 2, true));
      expect(await one.markRead(markBy(off.conversation, off.bob, 3)))
        .to.have.property("version")
        .that.is.a("number");

      const blocking = await foundAndAcked(1);
      await one.setBlock({ user: blocking.bob.user, blocked: blocking.alice.user }, true);
      expect(await one.markRead(markBy(blocking.conversation, blocking.bob, 2))).to.include({ version: null });
      expect(await readsIn(blocking.conversation)).to.deep.equal([]);
    });

    it("that follow each other closely share one row, but not across a commit", async () => {
      const { one } = stores();
      const { conversation, alice, bob } = await foundAndAcked(3);
      for (const sequence of [2, 3, 4]) await one.markRead(markBy(conversation, bob, sequence));
      await one.acceptCommit(commitBy(conversation, alice, 1));
      const later = [4, 5].map((number) => messageBy(conversation, alice, number, { epoch: 2 }));
      await one.acceptMessages(conversation, later);
      await one.advancePositions([ackBy(conversation, bob, 7)]);
      for (const sequence of [6, 7]) await one.markRead(markBy(conversation, bob, sequence));
      expect((await readsIn(conversation)).map(({ sequence }) => sequence)).to.deep.equal([4, 7]);
    });

    it("of the past go a month later, but for the user's last, which goes with what was read", async () => {
      const { one } = stores();
      const { conversation, alice, bob } = await foundAndAcked(2);
      await one.markRead(markBy(conversation, bob, 2));
      await one.acceptCommit(commitBy(conversation, alice, 1));
      await one.advancePositions([ackBy(conversation, bob, 4), ackBy(conversation, alice, 4)]);
      await one.markRead(markBy(conversation, bob, 4));
      expect((await readsIn(conversation)).map(({ sequence }) => sequence)).to.deep.equal([2, 4]);
      await one.leaseDueConversations(Date.now() + 1000, 100_000, 1);
      await one.purge({ now: Date.now() + 31 * dayMs, dryRun: false, chunk: 1000 });
      expect((await readsIn(conversation)).map(({ sequence }) => sequence)).to.deep.equal([4]);
      await one.purge({ now: Date.now() + 91 * dayMs, dryRun: false, chunk: 1000 });
      expect(await readsIn(conversation)).to.deep.equal([]);
      expect(await one.findReadMark(conversation, bob.user)).to.include({ sequence: 4 });
    });

    it("made at once by two devices and beside acks leave the greatest, and versions that differ", async () => {
      const { one, other } = stores();
      const { conversation, alice, bob } = await foundAndAcked(30);
      const marks = Array.from({ length: 30 }, (_, index) => markBy(conversation, bob, index + 2));
      await Promise.all([
        ...marks.map((mark, index) => (index % 2 === 0 ? one : other).markRead(mark)),
        one.advancePositions([ackBy(conversation, alice, 20), ackBy(conversation, alice, 31)]),
      ]);
      expect(await one.findReadMark(conversation, bob.user)).to.include({ sequence: 31 });
      const { receipts } = await other.readReceipts(conversation, 0, 100);
      expect(new Set(receipts.map(({ version }) => version)).size).to.equal(receipts.length);
      expect(receipts.findLast(({ kind }) => kind === "read")).to.include({ sequence: 31 });
    });
  });

  describe("what a user lets others see", () => {
    it("is the choice of the greatest version, whichever comes last", async () => {
      const { one, other } = stores();
      const bob = await addDevice(one, newUser());
      expect(await one.findPrivacy(bob.user)).to.equal(undefined);
      const outcomes: string[] = [];
      for (const version of [5, 5, 4, 6]) outcomes.push(await one.setPrivacy(choiceOf(bob, version, version === 6)));
      expect(outcomes).to.deep.equal(["changed", "unchanged", "unchanged", "changed"]);
      expect(await other.findPrivacy(bob.user)).to.deep.equal(choiceOf(bob, 6, true));
    });
  });
}
