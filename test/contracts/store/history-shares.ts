import { expect } from "chai";
import type { CheckedPolicy } from "../../../src/actors/ports/public-checks.ts";
import type { HistoryShareRow } from "../../../src/actors/ports/store-history.ts";
import type { AcceptCommit } from "../../../src/actors/ports/store-conversations.ts";
import type { Store } from "../../../src/actors/ports/store.ts";
import type { ConversationId } from "../../../src/protocol/ids.ts";
import { eventually } from "../../support/eventually.ts";
import {
  addDevice,
  bytesOf,
  commitBy,
  messageBy,
  mustBeAccepted,
  newUser,
  revokeDevice,
  type Party,
} from "../../support/store/store-kit.ts";
import { foundGroup } from "./groups.ts";
import type { StorePair } from "./store-pair.ts";

const dayMs = 24 * 60 * 60_000;

/** A group of an owner and two others at sequence 2, whose owner has written 3 and 4, and whom somebody joins at 5. */
async function joinedGroup(store: Store) {
  const group = await foundGroup(store);
  const { conversation, owner, parties } = group;
  const written = [1, 2].map((number) => messageBy(conversation, owner, number, { epoch: 2 }));
  await store.acceptMessages(conversation, written);
  const joiner = await addDevice(store, newUser("joiner"));
  await change(store, group, 2, { added: [joiner], leaves: [...parties, joiner].map(({ device }) => device) });
  return { ...group, joiner };
}

/** The owner's commit; users come and go with their devices. */
async function change(
  store: Store,
  { conversation, owner, policy }: { conversation: ConversationId; owner: Party; policy: CheckedPolicy },
  epoch: number,
  { gone = [], ...changes }: Partial<AcceptCommit> & { gone?: Party[] },
): Promise<number> {
  const joined = (changes.added ?? []).map(({ user }) => user);
  const group = { policy, leavers: [], leaversBefore: [], joined, gone: gone.map(({ user }) => user) };
  const removed = gone.map(({ device }) => device);
  const commit = commitBy(conversation, owner, epoch, { welcome: bytesOf("welcome"), removed, group, ...changes });
  return mustBeAccepted(await store.acceptCommit(commit)).sequence;
}

const shareOf = (
  conversation: ConversationId,
  by: Party,
  { user }: Party,
  joinedSequence: number,
): HistoryShareRow => ({ conversation, user, joinedSequence, by, signature: bytesOf("signature", 64) });

export function describeHistoryShares(stores: () => StorePair): void {
  describe("history from before somebody joined", () => {
    const firstOf = async (store: Store, conversation: ConversationId, party: Party) => {
      const read = { conversation, ...party, before: undefined, limit: 10, maxBytes: 1_000_000 };
      const page = await store.readHistory(read);
      return page === "not-a-member" ? page : { first: page.first, from: page.entries[0]?.sequence };
    };

    it("is read by who was let by a member with a role, from where that one may, on every device", async () => {
      const { one, other } = stores();
      const { conversation, owner, joiner } = await joinedGroup(one);
      expect(await firstOf(one, conversation, joiner)).to.deep.equal({ first: 5, from: 5 });
      expect(await one.shareHistory(shareOf(conversation, owner, joiner, 5))).to.equal("shared");
      const later = await addDevice(other, joiner.user);
      for (const party of [joiner, later]) {
        expect(await firstOf(other, conversation, party)).to.deep.equal({ first: 1, from: 1 });
      }
      expect(await other.shareHistory(shareOf(conversation, owner, joiner, 5)), "again").to.equal("shared");
    });

    it("is nobody else's to give: not of a plain member, oneself, a stranger, a removed or a revoked device", async () => {
      const { one, other } = stores();
      const group = await joinedGroup(one);
      const { conversation, owner, others, joiner } = group;
      const stranger = await addDevice(one, newUser());
      const to = (by: Party, whom: Party = joiner, sequence = 5) =>
        other.shareHistory(shareOf(conversation, by, whom, sequence));
      expect(await to(others[0]!)).to.equal("forbidden");
      expect(await to(joiner, joiner)).to.equal("forbidden");
      expect(await to(owner, owner, 1)).to.equal("forbidden");
      expect(await to(stranger)).to.equal("not-a-member");
      expect(await to(owner, stranger)).to.equal("not-a-member");
      expect(await to(owner, joiner, 4), "of another stay").to.equal("not-a-member");
      expect(await to({ user: owner.user, device: others[0]!.device })).to.equal("not-a-member");
      const second = await addDevice(one, owner.user);
      expect(await to(second), "a device that is not in the group").to.equal("not-a-member");
      await change(one, group, 3, { gone: [joiner] });
      expect(await to(owner)).to.equal("not-a-member");
      await revokeDevice(one, owner);
      expect(await to(owner, others[0], 2)).to.equal("not-a-member");
      expect(await firstOf(one, conversation, others[0]!)).to.deep.equal({ first: 2, from: 2 });
    });

    it("is nobody's where the group keeps no history", async () => {
      const { one } = stores();
      const group = await joinedGroup(one);
      const off = { ...group, policy: { ...group.policy, history: "off" as const } };
      await change(one, off, 3, {});
      expect(await one.shareHistory(shareOf(group.conversation, group.owner, group.joiner, 5))).to.equal("forbidden");
    });

    it("goes no further back than who lets it may read, and no less far than was let before", async () => {
      const { one } = stores();
      const group = await joinedGroup(one);
      const { conversation, owner, others, joiner } = group;
      const roles = [owner, others[0]!].map(({ user }) => ({ user, role: "owner" as const }));
      await change(one, { ...group, policy: { ...group.policy, roles } }, 3, {});
      expect(await one.shareHistory(shareOf(conversation, others[0]!, joiner, 5))).to.equal("shared");
      expect(await firstOf(one, conversation, joiner)).to.deep.equal({ first: 2, from: 2 });
      await one.shareHistory(shareOf(conversation, owner, joiner, 5));
      await one.shareHistory(shareOf(conversation, others[0]!, joiner, 5));
      expect(await firstOf(one, conversation, joiner)).to.deep.equal({ first: 1, from: 1 });
    });

    it("ends with the stay: who comes back reads from there", async () => {
      const { one } = stores();
      const group = await joinedGroup(one);
      const { conversation, owner, joiner, parties } = group;
      await one.shareHistory(shareOf(conversation, owner, joiner, 5));
      await change(one, group, 3, { gone: [joiner] });
      expect(await firstOf(one, conversation, joiner), "what was let stays, up to the end").to.deep.equal({
        first: 1,
        from: 1,
      });
      const leaves = [...parties, joiner].map(({ device }) => device);
      expect(await change(one, group, 4, { added: [joiner], leaves })).to.equal(7);
      expect(await firstOf(one, conversation, joiner)).to.deep.equal({ first: 7, from: 7 });
    });

    it("hides what retention has passed, and is forgotten with it", async () => {
      const { one, forgetful } = stores();
      const { conversation, owner, joiner } = await joinedGroup(one);
      await one.shareHistory(shareOf(conversation, owner, joiner, 5));
      await eventually(async () => {
        expect(await firstOf(forgetful, conversation, joiner)).to.deep.equal({ first: 6, from: undefined });
      });
      const rows = async (days: number) => {
        const report = await one.purge({ now: Date.now() + days * dayMs, dryRun: true, chunk: 1000 });
        return report.find(({ table }) => table === "history_shares")!.rows;
      };
      expect(await rows(89)).to.equal(0);
      expect(await rows(91)).to.be.greaterThan(0);
    });

    it("names those whom one meets in it: members, and who left while that was said which one may read", async () => {
      const { one, other } = stores();
      const group = await joinedGroup(one);
      const { conversation, owner, others, joiner, parties } = group;
      const [early, late] = others as [Party, Party];
      await change(one, group, 3, { gone: [early] });
      const after = await addDevice(one, newUser("after"));
      const leaves = [...parties, joiner, after].map(({ device }) => device);
      const joined = await change(one, group, 4, { added: [after], leaves });
      const all = [owner, early, late, joiner, after].map(({ user }) => user);
      const stranger = newUser();
      const met = (party: Party) => other.metInHistory(conversation, party.user, [...all, stranger]);
      expect(await met(joiner)).to.have.members(all);
      expect(await met(after)).to.have.members(all.filter((user) => user !== early.user));
      expect(await other.metInHistory(conversation, stranger, all)).to.deep.equal([]);
      expect(await other.metInHistory(conversation, owner.user, [])).to.deep.equal([]);
      await one.shareHistory(shareOf(conversation, owner, after, joined));
      expect(await met(after)).to.have.members(all);
      // Who is out of it reads what was said until then, and is told nothing of who came later.
      expect(await met(early)).to.have.members(all.filter((user) => user !== after.user));
    });
  });
}
