import { expect } from "chai";
import type { ConversationId } from "../../../src/protocol/ids.ts";
import { ackBy, foundDirect, messageBy, revokeDevice } from "../../support/store/store-kit.ts";
import type { StorePair } from "./store-pair.ts";

export function describeFollowing(stores: () => StorePair): void {
  describe("what a node follows", () => {
    const laggards = async (conversation: ConversationId, from: number, to: number) => {
      const all = await stores().other.readLaggards({ from, to, limit: 100_000 });
      return all.filter((each) => each.conversation === conversation);
    };

    it("are devices that lag in conversations last written to in a time, and no others", async () => {
      const { one } = stores();
      const { conversation, alice, bob } = await foundDirect(one);
      await one.advancePositions([ackBy(conversation, alice, 1)]);
      const [accepted] = await one.acceptMessages(conversation, [messageBy(conversation, alice, 1)]);
      const at = (accepted as { acceptedAt: number }).acceptedAt;
      const behind = [alice, bob].map((party) => ({ conversation, kind: "direct", head: 2, ...party }));
      expect(await laggards(conversation, at, at + 1)).to.have.deep.members(behind);
      expect(await laggards(conversation, at - 5, at)).to.deep.equal([]);
      expect(await laggards(conversation, at + 1, at + 5)).to.deep.equal([]);
      await one.advancePositions([ackBy(conversation, alice, 2)]);
      await revokeDevice(one, bob);
      expect(await laggards(conversation, at, at + 1)).to.deep.equal([]);
    });

    it("come in pages", async () => {
      const { one } = stores();
      const from = await one.clock();
      const founded = [await foundDirect(one), await foundDirect(one), await foundDirect(one)];
      const to = (await one.clock()) + 1000;
      const own = new Set(founded.map(({ conversation }) => conversation));
      const all = (await one.readLaggards({ from, to, limit: 1000 })).filter((each) => own.has(each.conversation));
      expect(all).to.have.length(6);
      const paged: typeof all = [];
      for (let after: (typeof all)[number] | undefined; ;) {
        const page = await one.readLaggards({ from, to, limit: 1, ...(after && { after }) });
        if (page.length === 0) break;
        paged.push(...page);
        after = page[0];
      }
      expect(paged.filter((each) => own.has(each.conversation))).to.deep.equal(all);
    });

    it("are receipts of others, told to the users of their conversation", async () => {
      const { one, other } = stores();
      const from = await one.clock();
      const { conversation, alice, bob } = await foundDirect(one);
      await one.acceptMessages(conversation, [messageBy(conversation, alice, 1)]);
      await one.advancePositions([ackBy(conversation, bob, 2)]);
      const read = { from, to: (await one.clock()) + 1000, limit: 1000 };
      const news = (await other.readReceiptNews(read)).filter((each) => each.conversation === conversation);
      expect(news).to.deep.equal([{ conversation, head: 2, receiptVersion: 1, user: alice.user }]);
      const later = { ...read, from: read.to };
      expect((await other.readReceiptNews(later)).some((each) => each.conversation === conversation)).to.equal(false);
    });

    it("are revocations, by whichever instance", async () => {
      const { one, other } = stores();
      const from = await other.clock();
      const { bob } = await foundDirect(one);
      await revokeDevice(one, bob);
      const revoked = await other.readRevocations(from - 1, 100_000);
      expect(revoked.map(({ device }) => device)).to.include(bob.device);
      const at = revoked.find(({ device }) => device === bob.device)!.revokedAt;
      expect((await other.readRevocations(at + 1, 100_000)).map(({ device }) => device)).not.to.include(bob.device);
    });
  });
}
