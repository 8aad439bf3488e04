import { expect } from "chai";
import type { AckOutcome, ReceiptRow } from "../../../src/actors/ports/store-log.ts";
import type { ConversationId } from "../../../src/protocol/ids.ts";
import {
  ackBy,
  addDevice,
  commitBy,
  foundDirect,
  messageBy,
  newUser,
  revokeDevice,
} from "../../support/store/store-kit.ts";
import type { StorePair } from "./store-pair.ts";

const versionOf = (outcome: AckOutcome | undefined): number | null =>
  outcome?.status === "advanced" ? (outcome.receipt?.version ?? null) : null;

export function describePositions(stores: () => StorePair): void {
  const readAll = async (conversation: ConversationId, after = 0): Promise<ReceiptRow[]> =>
    (await stores().other.readReceipts(conversation, after, 100)).receipts;

  const foundWithMessages = async (count: number) => {
    const founded = await foundDirect(stores().one);
    const { conversation, alice } = founded;
    const sent = Array.from({ length: count }, (_, index) => messageBy(conversation, alice, index + 1));
    await stores().one.acceptMessages(conversation, sent);
    return founded;
  };

  describe("acks", () => {
    it("advance a position, never move it back, and stay between the join and the head", async () => {
      const { one, other } = stores();
      const { conversation, bob } = await foundWithMessages(3);
      const outcomes = await one.advancePositions([
        ackBy(conversation, bob, 2),
        ackBy(conversation, bob, 1),
        ackBy(conversation, bob, 2),
        ackBy(conversation, bob, 5),
        ackBy(conversation, bob, 4),
      ]);
      expect(outcomes.map(({ status }) => status)).to.deep.equal([
        "advanced",
        "unchanged",
        "unchanged",
        "outside",
        "advanced",
      ]);
      expect(await other.viewConversation(bob.user, bob.device, conversation)).to.include({ position: 4 });
    });

    it("are refused from who is not in the group and from revoked devices", async () => {
      const { one } = stores();
      const { conversation, alice, bob } = await foundWithMessages(1);
      const stranger = await addDevice(one, newUser());
      await revokeDevice(one, bob);
      const outcomes = await one.advancePositions([
        ackBy(conversation, stranger, 1),
        ackBy(conversation, { ...alice, user: bob.user }, 1),
        ackBy(conversation, bob, 1),
      ]);
      expect(outcomes.map(({ status }) => status)).to.deep.equal(["not-a-member", "not-a-member", "device-revoked"]);
      expect(await readAll(conversation)).to.deep.equal([]);
    });

    it("become receipts of ever greater versions, which the senders read with the device's signature", async () => {
      const { one, other } = stores();
      const { conversation, bob } = await foundWithMessages(2);
      const first = versionOf((await one.advancePositions([ackBy(conversation, bob, 2)]))[0]);
      const second = versionOf((await other.advancePositions([ackBy(conversation, bob, 3)]))[0]);
      expect(second).to.be.above(first!);
      const receipts = await readAll(conversation);
      const { sequence, logHash, signature } = ackBy(conversation, bob, 3);
      expect(receipts.at(-1)).to.deep.include({
        kind: "delivered",
        ...bob,
        sequence,
        logHash,
        signature,
        unopened: [],
      });
      expect(await one.viewConversation(bob.user, bob.device, conversation)).to.include({ receiptVersion: second });
    });

    it("that follow each other closely share one row: the latest, under its own version", async () => {
      const { one } = stores();
      const { conversation, bob } = await foundWithMessages(20);
      for (let sequence = 1; sequence <= 21; sequence++)
        await one.advancePositions([ackBy(conversation, bob, sequence)]);
      const receipts = await readAll(conversation);
      expect(receipts.length).to.be.below(21);
      expect(receipts.at(-1)).to.include({ sequence: 21 });
      expect(await readAll(conversation, receipts.at(-1)!.version)).to.deep.equal([]);
    });

    it("before and after a commit are two rows: the hash proves only what came after the last commit", async () => {
      const { one } = stores();
      const { conversation, alice, bob } = await foundWithMessages(3);
      await one.acceptCommit(commitBy(conversation, alice, 1));
      await one.acceptMessages(
        conversation,
        [4, 5].map((number) => messageBy(conversation, alice, number, { epoch: 2 })),
      );
      await one.acceptCommit(commitBy(conversation, alice, 2));
      const acked = [2, 4, 6, 7, 8];
      for (const sequence of acked) await one.advancePositions([ackBy(conversation, bob, sequence)]);
      expect((await readAll(conversation)).map(({ sequence }) => sequence)).to.deep.equal([4, 7, 8]);
    });

    it("of a second device produce a receipt only where they say more than the first did", async () => {
      const { one } = stores();
      const { conversation, alice, bob } = await foundDirect(one);
      const laptop = await addDevice(one, bob.user);
      await one.acceptCommit(commitBy(conversation, bob, 1, { added: [laptop] }));
      const sent = [1, 2, 3].map((number) => messageBy(conversation, alice, number, { epoch: 2 }));
      await one.acceptMessages(conversation, sent);
      const outcomes = await one.advancePositions([
        ackBy(conversation, bob, 5, [[4, 4]]),
        ackBy(conversation, laptop, 3),
        ackBy(conversation, laptop, 4),
        ackBy(conversation, laptop, 5),
      ]);
      expect(outcomes.map((outcome) => versionOf(outcome) !== null)).to.deep.equal([true, false, true, false]);
      const receipts = await readAll(conversation);
      expect(receipts.map((receipt) => receipt.sequence)).to.deep.equal([5, 4]);
    });

    it("at the same place with fewer unopened are repairs, and produce a receipt", async () => {
      const { one } = stores();
      const { conversation, bob } = await foundWithMessages(3);
      const outcomes = await one.advancePositions([
        ackBy(conversation, bob, 4, [[2, 3]]),
        ackBy(conversation, bob, 4, [[2, 3]]),
        ackBy(conversation, bob, 4, [[3, 3]]),
        ackBy(conversation, bob, 4, [[2, 3]]),
        ackBy(conversation, bob, 4),
      ]);
      expect(outcomes.map(({ status }) => status)).to.deep.equal([
        "advanced",
        "unchanged",
        "advanced",
        "unchanged",
        "advanced",
      ]);
      expect(versionOf(outcomes[4])).to.be.above(versionOf(outcomes[2])!);
      expect((await readAll(conversation)).at(-1)).to.deep.include({ sequence: 4, unopened: [] });
    });

    it("of one's own messages tell nobody anything", async () => {
      const { one } = stores();
      const { conversation, alice } = await foundWithMessages(3);
      const [outcome] = await one.advancePositions([ackBy(conversation, alice, 4)]);
      expect(outcome).to.deep.equal({ status: "advanced", receipt: null });
      expect(await one.viewConversation(alice.user, alice.device, conversation)).to.include({ position: 4 });
    });
  });

  describe("reading receipts", () => {
    it("comes in pages, in order of version", async () => {
      const { one, other } = stores();
      const { conversation, alice, bob } = await foundWithMessages(1);
      await one.acceptMessages(conversation, [messageBy(conversation, bob, 1)]);
      await one.advancePositions([ackBy(conversation, bob, 2), ackBy(conversation, alice, 3)]);
      const first = await other.readReceipts(conversation, 0, 1);
      expect(first).to.deep.include({ more: true, version: first.receipts[0]!.version });
      const second = await other.readReceipts(conversation, first.version, 1);
      expect(second.more).to.equal(false);
      expect([...first.receipts, ...second.receipts].map(({ user }) => user)).to.deep.equal([bob.user, alice.user]);
    });
  });
}
