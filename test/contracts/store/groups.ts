import { expect } from "chai";
import type { AcceptLeave } from "../../../src/actors/ports/store-conversations.ts";
import type { Store } from "../../../src/actors/ports/store.ts";
import { newId, type ConversationId, type MessageId } from "../../../src/protocol/ids.ts";
import {
  ackBy,
  addDevice,
  bytesOf,
  commitBy,
  messageBy,
  mustBeAccepted,
  newUser,
} from "../../support/store/store-kit.ts";
import type { StorePair } from "./store-pair.ts";

type Party = Awaited<ReturnType<typeof addDevice>>;

const policyOf = ({ user }: Party) => ({ roles: [{ user, role: "owner" as const }], history: "kept" as const });

/** A group at epoch 2 with the first as its owner: sequence 1 founds it, sequence 2 adds the others. */
export async function foundGroup(store: Store, count = 3) {
  const parties: Party[] = [];
  for (let index = 0; index < count; index += 1) parties.push(await addDevice(store, newUser(`g${index}`)));
  const [owner, ...others] = parties as [Party, ...Party[]];
  const conversation = newId<ConversationId>();
  await store.createGroup(owner.user, conversation, 84);
  const policy = policyOf(owner);
  const nobody = { leavers: [], leaversBefore: [], joined: [], gone: [] };
  const founding = commitBy(conversation, owner, 0, { added: [owner], leaves: [owner.device] });
  mustBeAccepted(await store.acceptCommit({ ...founding, group: { policy, ...nobody } }));
  const adding = commitBy(conversation, owner, 1, {
    added: others,
    leaves: parties.map(({ device }) => device),
    welcome: bytesOf("welcome"),
  });
  const joined = others.map(({ user }) => user);
  mustBeAccepted(await store.acceptCommit({ ...adding, group: { policy, ...nobody, joined } }));
  return { conversation, owner, others, parties, policy };
}

const leaveOf = (conversation: ConversationId, { user, device }: Party, epoch: number): AcceptLeave => ({
  conversation,
  generation: 1,
  epoch,
  id: newId<MessageId>(),
  sender: { user, device },
  signature: bytesOf("s".repeat(64)),
});

export function describeGroups(stores: () => StorePair): void {
  describe("a group", () => {
    it("is made once, for its creator, under an id that is free", async () => {
      const { one, other } = stores();
      const [alice, bob] = [newUser("a"), newUser("b")];
      const conversation = newId<ConversationId>();
      await Promise.all([one.createGroup(alice, conversation, 3), other.createGroup(alice, conversation, 3)]);
      await other.createGroup(bob, conversation, 84);
      const row = await one.findConversation(conversation);
      expect(row).to.deep.include({ kind: "group", users: [alice], generation: 0, leaves: [] });
      expect(row!.group).to.deep.equal({ suite: 3, creator: alice, policy: null, leavers: [] });
    });

    it("has the users that its commits bring, all of whom share it", async () => {
      const { one, other } = stores();
      const { conversation, parties, policy } = await foundGroup(one);
      const users = parties.map(({ user }) => user).sort();
      const row = await other.findConversation(conversation);
      expect(row).to.deep.include({ users, generation: 1, epoch: 2, rosterEpoch: 2, head: 2 });
      expect(row!.group!.policy).to.deep.equal(policy);
      expect(await one.shareConversation(parties[1]!.user, parties[2]!.user)).to.equal(true);
      expect((await other.listPeers(parties[1]!.user, 10)).sort()).to.deep.equal(
        users.filter((user) => user !== parties[1]!.user),
      );
    });

    it("delivers to each of its users, and is done when the last one has it", async () => {
      const { one } = stores();
      const { conversation, owner, others } = await foundGroup(one);
      for (const party of [owner, ...others]) await one.advancePositions([ackBy(conversation, party, 2)]);
      const [outcome] = await one.acceptMessages(conversation, [messageBy(conversation, owner, 1, { epoch: 2 })]);
      expect(outcome).to.include({ status: "accepted", sequence: 3 });
      const waiting = async () => {
        const { due } = await one.leaseDueConversations(Date.now() + 60 * 60_000, 1000, 0);
        const found = due.find((each) => each.conversation === conversation);
        return (found?.waiting ?? []).map(({ user }) => user).sort();
      };
      expect(await waiting()).to.deep.equal(others.map(({ user }) => user).sort());
      await one.advancePositions([ackBy(conversation, others[0]!, 3)]);
      expect(await waiting()).to.deep.equal([others[1]!.user]);
      const { receipts } = await one.readReceipts(conversation, 0, 100);
      expect(receipts.filter(({ kind }) => kind === "delivered").at(-1)).to.include({ user: others[0]!.user });
      mustBeAccepted(
        await one.acceptCommit({
          ...commitBy(conversation, owner, 2, {
            removed: [others[1]!.device],
            leaves: [owner.device, others[0]!.device],
          }),
          group: { policy: policyOf(owner), leavers: [], leaversBefore: [], joined: [], gone: [others[1]!.user] },
        }),
      );
      expect(await waiting()).to.deep.equal([]);
    });

    it("shows who is out of it where its own log ends, and nothing of what the group is now", async () => {
      const { one, other } = stores();
      const { conversation, owner, others } = await foundGroup(one);
      const gone = others[1]!;
      const commit = commitBy(conversation, owner, 2, {
        removed: [gone.device],
        leaves: [owner.device, others[0]!.device],
      });
      const { sequence } = mustBeAccepted(
        await one.acceptCommit({
          ...commit,
          group: { policy: policyOf(owner), leavers: [], leaversBefore: [], joined: [], gone: [gone.user] },
        }),
      );
      const view = await other.viewConversation(gone.user, gone.device, conversation);
      expect(view).to.deep.include({ users: [], leaves: [], lists: [], joinedSequence: 2, leftSequence: sequence });
      expect((await other.findConversation(conversation))!.users).to.not.include(gone.user);
      expect(await other.shareConversation(gone.user, owner.user)).to.equal(false);
      const [refused] = await one.acceptMessages(conversation, [messageBy(conversation, gone, 1, { epoch: 3 })]);
      expect(refused).to.deep.equal({ status: "not-a-member" });
      expect((await one.acceptCommit(commitBy(conversation, gone, 3))).status).to.equal("not-a-member");
      await one.acceptMessages(conversation, [messageBy(conversation, owner, 1, { epoch: 3 })]);
      const read = { conversation, device: gone.device, after: 1, limit: 10, maxBytes: 100_000 };
      const log = await other.readLog(read);
      expect(log === "not-a-member" ? [] : log.entries.map((entry) => entry.sequence)).to.deep.equal([2, sequence]);
      const later = await one.viewConversation(gone.user, gone.device, conversation);
      expect(later).to.include({ head: sequence, receiptVersion: 0 });
    });

    it("is one of those that its users are in, until they are out of it: which is told by whichever instance", async () => {
      const { one, other } = stores();
      const { conversation, owner, others, parties } = await foundGroup(one);
      for (const { user } of parties) expect(await other.readGroups(user)).to.deep.equal([conversation]);
      const from = await other.clock();
      const departures = async (since: number) =>
        (await other.readDepartures(since, 100_000)).filter((each) => each.conversation === conversation);
      const [left, removed] = others as [Party, Party];
      await one.acceptLeave(leaveOf(conversation, left, 2));
      expect(await departures(from)).to.deep.equal([{ conversation, user: left.user }]);
      const group = { policy: policyOf(owner), leavers: [], leaversBefore: [left.user], joined: [] };
      const removal = commitBy(conversation, owner, 2, {
        removed: [left.device, removed.device],
        leaves: [owner.device],
      });
      mustBeAccepted(await one.acceptCommit({ ...removal, group: { ...group, gone: [left.user, removed.user] } }));
      expect(await departures(from)).to.have.deep.members(others.map(({ user }) => ({ conversation, user })));
      expect(await departures((await other.clock()) + 1000)).to.deep.equal([]);
      expect(await other.readGroups(removed.user)).to.deep.equal([]);
      const comesBack = commitBy(conversation, owner, 3, {
        added: [removed],
        leaves: [owner.device, removed.device],
        welcome: bytesOf("again"),
      });
      const again = { ...group, leaversBefore: [], joined: [removed.user], gone: [] };
      mustBeAccepted(await one.acceptCommit({ ...comesBack, group: again }));
      expect(await departures(from)).to.deep.equal([{ conversation, user: left.user }]);
      expect(await other.readGroups(removed.user)).to.deep.equal([conversation]);
    });

    it("begins anew for who comes back", async () => {
      const { one } = stores();
      const { conversation, owner, others } = await foundGroup(one, 2);
      const [bob] = others as [Party];
      const group = { policy: policyOf(owner), leavers: [], leaversBefore: [], joined: [], gone: [] };
      const removal = commitBy(conversation, owner, 2, { removed: [bob.device], leaves: [owner.device] });
      mustBeAccepted(await one.acceptCommit({ ...removal, group: { ...group, gone: [bob.user] } }));
      await one.acceptMessages(conversation, [messageBy(conversation, owner, 1, { epoch: 3 })]);
      const adding = commitBy(conversation, owner, 3, { added: [bob], leaves: [owner.device, bob.device] });
      const { sequence } = mustBeAccepted(
        await one.acceptCommit({ ...adding, group: { ...group, joined: [bob.user] } }),
      );
      const view = await one.viewConversation(bob.user, bob.device, conversation);
      expect(view).to.include({ joinedSequence: sequence, leftSequence: null, position: sequence - 1 });
      const { due } = await one.leaseDueConversations(Date.now() + 60 * 60_000, 1000, 0);
      const waiting = due.find((found) => found.conversation === conversation)?.waiting ?? [];
      expect(waiting.map(({ user }) => user)).to.deep.equal([]);
    });

    it("is left by a user once, at the epoch that it is at", async () => {
      const { one, other } = stores();
      const { conversation, owner, others } = await foundGroup(one);
      const [bob, carol] = others as [Party, Party];
      expect(await one.acceptLeave(leaveOf(conversation, bob, 1))).to.deep.equal({ status: "stale-epoch" });
      const leave = leaveOf(conversation, bob, 2);
      const outcome = await one.acceptLeave(leave);
      expect(outcome).to.include({ status: "accepted", sequence: 3 });
      expect(await other.acceptLeave(leave)).to.include({ status: "already-accepted", sequence: 3 });
      expect(await other.acceptLeave(leaveOf(conversation, bob, 2))).to.deep.equal({ status: "not-a-member" });
      const row = await other.findConversation(conversation);
      expect(row!.users).to.deep.equal([owner.user, carol.user].sort());
      expect(row!.group!.leavers).to.deep.equal([bob.user]);
      expect(row).to.include({ epoch: 2, head: 3 });
      expect(await one.viewConversation(bob.user, bob.device, conversation)).to.include({ leftSequence: 3 });
      const log = await one.readLog({ conversation, device: carol.device, after: 2, limit: 10, maxBytes: 100_000 });
      expect(log === "not-a-member" ? [] : log.entries).to.have.length(1);
      expect(log).to.have.nested.property("entries[0].kind", "leave");
      const [next] = await one.acceptMessages(conversation, [messageBy(conversation, owner, 1, { epoch: 2 })]);
      expect(next).to.include({ status: "accepted", sequence: 4 });
    });

    it("takes no commit that was judged before somebody left: its members would not follow it", async () => {
      const { one, other } = stores();
      const { conversation, owner, others, policy } = await foundGroup(one);
      const [bob, carol] = others as [Party, Party];
      const group = { policy, leavers: [], leaversBefore: [], joined: [], gone: [] };
      const commit = commitBy(conversation, owner, 2, { leaves: [owner.device, bob.device, carol.device] });
      expect(await other.acceptLeave(leaveOf(conversation, bob, 2))).to.include({ status: "accepted" });
      expect(await one.acceptCommit({ ...commit, group })).to.deep.equal({ status: "stale-epoch" });
      const knowing = { ...group, leavers: [bob.user], leaversBefore: [bob.user] };
      mustBeAccepted(await one.acceptCommit({ ...commit, group: knowing }));
      expect((await other.findConversation(conversation))!.group!.leavers).to.deep.equal([bob.user]);
    });

    it("is left by nobody who is not in it", async () => {
      const { one } = stores();
      const { conversation } = await foundGroup(one);
      const stranger = await addDevice(one, newUser());
      expect(await one.acceptLeave(leaveOf(conversation, stranger, 2))).to.deep.equal({ status: "not-a-member" });
      expect(await one.acceptLeave(leaveOf(newId<ConversationId>(), stranger, 2))).to.deep.equal({
        status: "not-a-member",
      });
    });
  });
}
