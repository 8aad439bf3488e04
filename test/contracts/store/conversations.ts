import { expect } from "chai";
import { newId, type ConversationId } from "../../../src/protocol/ids.ts";
import { addDevice, foundDirect, messageBy, newUser } from "../../support/store/store-kit.ts";
import type { StorePair } from "./store-pair.ts";

export function describeConversations(stores: () => StorePair): void {
  describe("a direct conversation", () => {
    it("is one row, whoever opens it first and on whichever instance", async () => {
      const { one, other } = stores();
      const [a, b] = [newUser("a"), newUser("b")];
      const opened = await Promise.all([
        one.openDirect(a, b, newId<ConversationId>()),
        other.openDirect(b, a, newId<ConversationId>()),
      ]);
      expect(opened[0].row).to.deep.equal(opened[1].row);
      expect(opened.filter(({ created }) => created)).to.have.length(1);
      expect(opened[0].row).to.deep.include({ users: [a, b].sort(), generation: 0, epoch: 0, head: 0, leaves: [] });
    });

    it("is made under the id that was proposed, unless another pair has it", async () => {
      const { one, other } = stores();
      const [a, b, c] = [newUser("a"), newUser("b"), newUser("c")];
      const held = newId<ConversationId>();
      expect(await one.openDirect(a, b, held)).to.have.nested.property("row.conversation", held);
      const elsewhere = await other.openDirect(a, c, held);
      expect(elsewhere.created).to.equal(true);
      expect(elsewhere.row.conversation).to.not.equal(held);
      expect(elsewhere.row.users).to.deep.equal([a, c].sort());
      const again = await other.openDirect(b, a, newId<ConversationId>());
      expect(again).to.deep.include({ created: false }).and.have.nested.property("row.conversation", held);
    });

    it("is seen by a device that never joined as not joined, and by a stranger not at all", async () => {
      const { one } = stores();
      const { conversation, alice, bob } = await foundDirect(one);
      const late = await addDevice(one, alice.user);
      const view = await one.viewConversation(late.user, late.device, conversation);
      expect(view).to.deep.include({ joinedSequence: null, position: 0, lastNumber: 0, head: 1 });
      expect(view!.lists).to.deep.include({ user: alice.user, version: 2 });
      expect(view!.leaves).to.deep.equal([alice.device, bob.device]);
      const stranger = await addDevice(one, newUser());
      expect(await one.viewConversation(stranger.user, stranger.device, conversation)).to.equal(undefined);
      expect(await one.findConversation(newId<ConversationId>())).to.equal(undefined);
    });

    it("is listed in pages, in order of id, to its users alone", async () => {
      const { one, other } = stores();
      const party = await addDevice(one, newUser());
      const peers = Array.from({ length: 5 }, () => newUser("peer"));
      for (const peer of peers) await one.openDirect(party.user, peer, newId<ConversationId>());
      const first = await other.listConversations(party.user, party.device, undefined, 3);
      expect(first.more).to.equal(true);
      const cursor = first.conversations.at(-1)!.conversation;
      const second = await other.listConversations(party.user, party.device, cursor, 3);
      expect(second.more).to.equal(false);
      const ids = [...first.conversations, ...second.conversations].map(({ conversation }) => conversation);
      expect(ids)
        .to.deep.equal([...ids].sort())
        .and.to.have.length(5);
      expect((await one.listPeers(party.user, 10)).sort()).to.deep.equal([...peers].sort());
      expect(await one.listPeers(party.user, 2)).to.have.length(2);
    });

    it("shows each device how far it is and what it sent last", async () => {
      const { one, other } = stores();
      const { conversation, alice, bob } = await foundDirect(one);
      const sent = [messageBy(conversation, alice, 1), messageBy(conversation, alice, 2)];
      await one.acceptMessages(conversation, sent);
      const view = await other.viewConversation(alice.user, alice.device, conversation);
      expect(view).to.include({ joinedSequence: 1, leftSequence: null, position: 0, head: 3, floor: 0 });
      expect(view).to.include({ lastNumber: 2, lastId: sent[1]!.id });
      const { conversations } = await other.listConversations(bob.user, bob.device, undefined, 1);
      expect(conversations[0]).to.include({ lastNumber: 0, lastId: null });
    });

    it("is shared by its two users, founded or not, and by nobody else", async () => {
      const { one, other } = stores();
      const [a, b, stranger] = [newUser("a"), newUser("b"), newUser()];
      expect(await one.shareConversation(a, b)).to.equal(false);
      await one.openDirect(a, b, newId<ConversationId>());
      expect(await other.shareConversation(a, b)).to.equal(true);
      expect(await other.shareConversation(b, a)).to.equal(true);
      expect(await other.shareConversation(a, stranger)).to.equal(false);
      expect(await other.shareConversation(a, a)).to.equal(false);
    });
  });
}
