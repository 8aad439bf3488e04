import { expect } from "chai";
import type { UserId } from "../../../src/protocol/ids.ts";
import { limits } from "../../../src/protocol/limits.ts";
import { ackBy, addDevice, foundDirect, messageBy, newUser } from "../../support/store/store-kit.ts";
import type { StorePair } from "./store-pair.ts";

export function describeBlocks(stores: () => StorePair): void {
  describe("blocks", () => {
    it("are read as they were set, until they are undone", async () => {
      const { one, other } = stores();
      const [alice, bob, carol] = [newUser("alice"), newUser("bob"), newUser("carol")];
      expect(await one.setBlock({ user: alice, blocked: carol }, true)).to.equal("changed");
      expect(await other.setBlock({ user: alice, blocked: carol }, true)).to.equal("unchanged");
      expect(await other.setBlock({ user: alice, blocked: bob }, true)).to.equal("changed");
      expect(await one.setBlock({ user: bob, blocked: alice }, true)).to.equal("changed");
      expect(await one.readBlocks([alice, carol])).to.deep.equal([
        { user: alice, blocked: bob },
        { user: alice, blocked: carol },
      ]);
      expect(await one.setBlock({ user: alice, blocked: bob }, false)).to.equal("changed");
      expect(await one.setBlock({ user: alice, blocked: bob }, false)).to.equal("unchanged");
      expect(await other.readBlocks([alice, bob])).to.have.deep.members([
        { user: alice, blocked: carol },
        { user: bob, blocked: alice },
      ]);
      expect(await one.readBlocks([])).to.deep.equal([]);
    });

    it("have a bound for each user, also when many come at once", async () => {
      const { one, other } = stores();
      const { user } = await addDevice(one, newUser("busy"));
      const name = (index: number) => `${user}-${index}` as UserId;
      const set = (index: number) => [one, other][index % 2]!.setBlock({ user, blocked: name(index) }, true);
      for (let next = 0; next < limits.blocksPerUser - 2; next += 2) await Promise.all([set(next), set(next + 1)]);
      const last = await Promise.all([0, 1, 2, 3, 4, 5].map((index) => set(limits.blocksPerUser + index)));
      expect(last.filter((outcome) => outcome === "changed")).to.have.length(2);
      expect(last.filter((outcome) => outcome === "too-many")).to.have.length(4);
      expect(await one.readBlocks([user])).to.have.length(limits.blocksPerUser);
      expect(await one.setBlock({ user, blocked: name(0) }, true)).to.equal("unchanged");
      await one.setBlock({ user, blocked: name(0) }, false);
      expect(await one.setBlock({ user, blocked: newUser() }, true)).to.equal("changed");
    }).timeout(60_000);

    it("keep the other's messages out of a direct conversation, and nobody else's", async () => {
      const { one, other } = stores();
      const { alice, bob, conversation } = await foundDirect(one);
      const before = messageBy(conversation, bob, 1);
      await one.acceptMessages(conversation, [before]);
      await one.setBlock({ user: alice.user, blocked: bob.user }, true);
      const refused = messageBy(conversation, bob, 2);
      expect(await other.acceptMessages(conversation, [refused])).to.deep.equal([{ status: "not-accepted" }]);
      expect(await one.acceptMessages(conversation, [before])).to.deep.equal([{ status: "already-accepted" }]);
      const [own] = await one.acceptMessages(conversation, [messageBy(conversation, alice, 1)]);
      expect(own).to.include({ status: "accepted", sequence: 3 });
      await one.setBlock({ user: alice.user, blocked: bob.user }, false);
      const [again] = await one.acceptMessages(conversation, [refused]);
      expect(again).to.include({ status: "accepted", sequence: 4 });
    });

    it("do not keep out what is put back: it was accepted before", async () => {
      const { one } = stores();
      const { alice, bob, conversation } = await foundDirect(one);
      await one.setBlock({ user: alice.user, blocked: bob.user }, true);
      const back = messageBy(conversation, bob, 1, { acceptedAt: Date.now() });
      expect((await one.acceptMessages(conversation, [back]))[0]).to.include({ status: "accepted" });
    });

    it("leave no receipt of who blocks for who is blocked, who goes on to leave theirs", async () => {
      const { one } = stores();
      const { alice, bob, conversation } = await foundDirect(one);
      await one.acceptMessages(conversation, [messageBy(conversation, bob, 1), messageBy(conversation, alice, 1)]);
      await one.setBlock({ user: alice.user, blocked: bob.user }, true);
      const acks = await one.advancePositions([ackBy(conversation, alice, 3), ackBy(conversation, bob, 3)]);
      expect(acks[0]).to.deep.equal({ status: "advanced", receipt: null });
      expect(acks[1]).to.have.nested.property("receipt.version");
      const { receipts } = await one.readReceipts(conversation, 0, 10);
      expect(receipts.map(({ user }) => user)).to.deep.equal([bob.user]);
      await one.setBlock({ user: alice.user, blocked: bob.user }, false);
      await one.acceptMessages(conversation, [messageBy(conversation, bob, 2)]);
      const [later] = await one.advancePositions([ackBy(conversation, alice, 4)]);
      expect(later).to.have.nested.property("receipt.version");
    });
  });
}
