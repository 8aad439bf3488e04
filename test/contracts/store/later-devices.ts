import { expect } from "chai";
import type { ReceiptRow } from "../../../src/actors/ports/store-log.ts";
import type { ConversationId } from "../../../src/protocol/ids.ts";
import {
  ackBy,
  addDevice,
  commitBy,
  foundDirect,
  messageBy,
  mustBeAccepted,
  revokeDevice,
  startOver,
} from "../../support/store/store-kit.ts";
import type { StorePair } from "./store-pair.ts";

const dayMs = 24 * 60 * 60_000;

/** What a device that joins later does not have: its ack says nothing of what came before. */
export function describeLaterDevices(stores: () => StorePair): void {
  /** Alice's messages at 2 to 4, then bob's laptop joins at 5 and acks its join; bob's phone has acked nothing. */
  const joinLater = async () => {
    const { one } = stores();
    const { conversation, alice, bob: phone } = await foundDirect(one);
    await one.acceptMessages(
      conversation,
      [1, 2, 3].map((number) => messageBy(conversation, alice, number)),
    );
    const laptop = await addDevice(one, phone.user);
    const join = commitBy(conversation, alice, 1, { added: [laptop] });
    expect(mustBeAccepted(await one.acceptCommit(join)).sequence).to.equal(5);
    await one.advancePositions([ackBy(conversation, alice, 5), ackBy(conversation, laptop, 5)]);
    return { conversation, alice, phone, laptop };
  };
  const readAll = async (conversation: ConversationId): Promise<ReceiptRow[]> =>
    (await stores().other.readReceipts(conversation, 0, 100)).receipts;
  const receiptOf = async (ack: ReturnType<typeof ackBy>) => {
    const [outcome] = await stores().one.advancePositions([ack]);
    return outcome?.status === "advanced" ? outcome.receipt : undefined;
  };
  const expire = async (conversation: ConversationId, now: number) =>
    (await stores().other.expireUndelivered(now, 30 * dayMs, 100_000)).expiries.filter(
      (each) => each.conversation === conversation,
    );
  const isDue = async (conversation: ConversationId, now: number) =>
    (await stores().one.leaseDueConversations(now, 100_000, 1)).due.some((due) => due.conversation === conversation);

  /** Alice's messages at 2 to 4; bob has started over, and the commit at 5 brings his new device in the place of the phone. */
  const replace = async (acked: number, generation = 1) => {
    const { one } = stores();
    const { conversation, alice, bob: phone } = await foundDirect(one);
    await one.acceptMessages(
      conversation,
      [1, 2, 3].map((number) => messageBy(conversation, alice, number)),
    );
    await one.advancePositions([ackBy(conversation, phone, acked)]);
    const tablet = await startOver(one, phone.user);
    const commit =
      generation === 1
        ? commitBy(conversation, alice, 1, { removed: [phone.device], added: [tablet], replaced: [phone.user] })
        : commitBy(conversation, tablet, 0, { generation, added: [tablet, alice], replaced: [phone.user] });
    return { conversation, alice, phone, tablet, outcome: mustBeAccepted(await one.acceptCommit(commit)) };
  };

  describe("a user who has started over", () => {
    for (const generation of [1, 2]) {
      it(`does not keep what waited for the devices before from ending, in generation ${generation}`, async () => {
        const { one } = stores();
        const { conversation, alice, phone, tablet, outcome } = await replace(2, generation);
        const [receipt] = (await readAll(conversation)).filter(({ kind }) => kind === "expired");
        expect(receipt).to.deep.include({ user: phone.user, sequence: 4, version: outcome.expired[0]!.version });
        expect(outcome.expired).to.have.length(1);
        await one.advancePositions([ackBy(conversation, tablet, 5), ackBy(conversation, alice, 5)]);
        expect(await isDue(conversation, Date.now() + dayMs)).to.equal(false);
        expect(await expire(conversation, Date.now() + 31 * dayMs)).to.deep.equal([]);
      });
    }

    it("has nothing run out where nothing waited", async () => {
      const { conversation, outcome } = await replace(4);
      expect(outcome.expired).to.deep.equal([]);
      expect((await readAll(conversation)).filter(({ kind }) => kind === "expired")).to.deep.equal([]);
    });
  });

  describe("a device that joins later", () => {
    it("does not speak for what came before it: the earlier device's ack makes its receipt", async () => {
      const { conversation, phone, laptop } = await joinLater();
      expect(await receiptOf(ackBy(conversation, phone, 3))).to.be.an("object");
      expect(await receiptOf(ackBy(conversation, phone, 4))).to.be.an("object");
      expect(await receiptOf(ackBy(conversation, phone, 5))).to.equal(null);
      const said = (await readAll(conversation)).map(({ sequence, ...receipt }) => [
        receipt.kind === "delivered" && receipt.device,
        sequence,
      ]);
      expect(said).to.deep.equal([
        [laptop.device, 5],
        [phone.device, 4],
      ]);
    });

    it("leaves what came before it to the earlier device, unopened or not", async () => {
      const { conversation, phone } = await joinLater();
      expect(await receiptOf(ackBy(conversation, phone, 4, [[3, 3]]))).to.be.an("object");
      expect(await receiptOf(ackBy(conversation, phone, 4))).to.be.an("object");
      expect((await readAll(conversation)).at(-1)).to.deep.include({ device: phone.device, sequence: 4, unopened: [] });
    });

    it("does not keep what came before it from running out of time", async () => {
      const { one } = stores();
      const { conversation, alice, phone } = await joinLater();
      const now = Date.now() + 31 * dayMs;
      expect(await isDue(conversation, now)).to.equal(true);
      const [expiry] = await expire(conversation, now);
      expect(expiry).to.deep.include({ user: phone.user, sequence: 5, tell: [alice.user] });
      expect(await expire(conversation, now + dayMs)).to.deep.equal([]);
      expect(await receiptOf(ackBy(conversation, phone, 4))).to.be.an("object");
      await one.advancePositions([ackBy(conversation, phone, 5)]);
      expect(await isDue(conversation, now + 2 * dayMs)).to.equal(false);
    });

    it("does not end the wait for what came before it, not even when the earlier device is gone", async () => {
      const { one } = stores();
      const { conversation, alice, phone } = await joinLater();
      await revokeDevice(one, phone);
      expect(await isDue(conversation, Date.now() + dayMs)).to.equal(true);
      const now = Date.now() + 31 * dayMs;
      expect((await expire(conversation, now)).map(({ user }) => user)).to.deep.equal([phone.user]);
      expect(await isDue(conversation, now + dayMs)).to.equal(false);
      await one.acceptMessages(conversation, [messageBy(conversation, alice, 4, { epoch: 2 })]);
      expect((await expire(conversation, now)).map(({ sequence }) => sequence)).to.deep.equal([6]);
    });

    it("keeps the receipts of what came before it for as long as not all of it is delivered", async () => {
      const { one } = stores();
      const { conversation, phone, laptop } = await joinLater();
      await one.advancePositions([ackBy(conversation, phone, 3), ackBy(conversation, laptop, 5)]);
      await isDue(conversation, Date.now() + 1);
      await one.purge({ now: Date.now() + 31 * dayMs, dryRun: false, chunk: 1000 });
      expect((await readAll(conversation)).map(({ sequence }) => sequence)).to.deep.equal([5, 3]);
    });

    it("when it is the same device, re-added, has lost what it had not acked before", async () => {
      const { one } = stores();
      const { conversation, alice, bob } = await foundDirect(one);
      await one.acceptMessages(
        conversation,
        [1, 2].map((number) => messageBy(conversation, alice, number)),
      );
      await one.advancePositions([ackBy(conversation, bob, 2)]);
      await one.acceptCommit(commitBy(conversation, alice, 1, { removed: [bob.device], added: [bob] }));
      await one.advancePositions([ackBy(conversation, alice, 4), ackBy(conversation, bob, 4)]);
      const [expiry] = await expire(conversation, Date.now() + 31 * dayMs);
      expect(expiry).to.include({ user: bob.user, sequence: 4 });
    });
  });
}
