import { expect } from "chai";
import { newId, type ConversationId } from "../../../src/protocol/ids.ts";
import {
  ackBy,
  addDevice,
  bytesOf,
  commitBy,
  foundDirect,
  messageBy,
  mustBeAccepted,
  newUser,
  revokeDevice,
} from "../../support/store/store-kit.ts";
import type { StorePair } from "./store-pair.ts";

export function describeCommits(stores: () => StorePair): void {
  describe("accepting a commit", () => {
    it("founds the group once: of two foundings one is accepted", async () => {
      const { one, other } = stores();
      const [alice, bob] = [await addDevice(one, newUser("a")), await addDevice(one, newUser("b"))];
      const { row } = await one.openDirect(alice.user, bob.user, newId<ConversationId>());
      const founding = (party: typeof alice) => commitBy(row.conversation, party, 0, { added: [alice, bob] });
      const outcomes = await Promise.all([one.acceptCommit(founding(alice)), other.acceptCommit(founding(bob))]);
      expect(outcomes.map(({ status }) => status).sort()).to.deep.equal(["accepted", "stale-epoch"]);
      const after = await one.findConversation(row.conversation);
      expect(after).to.include({ generation: 1, epoch: 1, rosterEpoch: 1, head: 1 });
    });

    it("ends an epoch once, by compare-and-set", async () => {
      const { one, other } = stores();
      const { conversation, alice, bob } = await foundDirect(one);
      const outcomes = await Promise.all([
        one.acceptCommit(commitBy(conversation, alice, 1)),
        other.acceptCommit(commitBy(conversation, bob, 1)),
      ]);
      expect(outcomes.map(({ status }) => status).sort()).to.deep.equal(["accepted", "stale-epoch"]);
      expect(await one.findConversation(conversation)).to.include({ epoch: 2, rosterEpoch: 1, head: 2 });
      const ahead = await one.acceptCommit(commitBy(conversation, alice, 3));
      expect(ahead).to.deep.equal({ status: "stale-epoch" });
      const elsewhere = await one.acceptCommit(commitBy(conversation, alice, 2, { generation: 2 }));
      expect(elsewhere).to.deep.equal({ status: "stale-epoch" });
    });

    it("answers the same commit again as the first time, and only the same", async () => {
      const { one, other } = stores();
      const { conversation, alice, founding } = await foundDirect(one);
      const again = await other.acceptCommit(founding);
      expect(again).to.include({ status: "already-accepted", sequence: 1 });
      const changed = await other.acceptCommit({ ...founding, commit: bytesOf("other") });
      expect(changed).to.deep.equal({ status: "stale-epoch" });
      expect(await one.viewConversation(alice.user, alice.device, conversation)).to.include({ head: 1 });
    });

    it("puts one Welcome in the inbox of each added device but the committer's", async () => {
      const { one } = stores();
      const { conversation, alice, bob } = await foundDirect(one);
      const laptop = await addDevice(one, bob.user);
      const commit = commitBy(conversation, alice, 1, { added: [laptop], welcome: bytesOf("welcome") });
      const { inbox, sequence } = mustBeAccepted(await one.acceptCommit(commit));
      expect(inbox.map(({ device }) => device)).to.deep.equal([laptop.device]);
      const { entries } = await one.readInbox(laptop.device, 0, 10);
      expect(entries[0]).to.deep.include({ kind: "welcome", sequence, position: inbox[0]!.position });
      expect((await one.readInbox(alice.device, 0, 10)).entries).to.deep.equal([]);
    });

    it("is refused from strangers, from revoked devices, and when it adds who may not be added", async () => {
      const { one } = stores();
      const { conversation, alice, bob } = await foundDirect(one);
      const stranger = await addDevice(one, newUser());
      const laptop = await addDevice(one, alice.user);
      const by = async (commit: ReturnType<typeof commitBy>) => (await one.acceptCommit(commit)).status;
      expect(await by(commitBy(conversation, stranger, 1))).to.equal("not-a-member");
      expect(await by(commitBy(conversation, laptop, 1))).to.equal("not-a-member");
      expect(await by(commitBy(conversation, { ...alice, device: bob.device }, 1))).to.equal("not-a-member");
      expect(await by(commitBy(conversation, alice, 1, { added: [stranger] }))).to.equal("not-a-member");
      expect(await by(commitBy(newId<ConversationId>(), alice, 0))).to.equal("not-a-member");
      await revokeDevice(one, laptop);
      expect(await by(commitBy(conversation, alice, 1, { added: [laptop] }))).to.equal("not-a-member");
      await revokeDevice(one, bob);
      expect(await by(commitBy(conversation, bob, 1))).to.equal("device-revoked");
      expect(await one.findConversation(conversation)).to.include({ epoch: 1, head: 1 });
    });

    it("ends the log of a removed device with the removal itself", async () => {
      const { one } = stores();
      const { conversation, alice, bob } = await foundDirect(one);
      const removal = commitBy(conversation, alice, 1, { removed: [bob.device] });
      const { sequence } = mustBeAccepted(await one.acceptCommit(removal));
      await one.acceptMessages(conversation, [messageBy(conversation, alice, 1, { epoch: 2 })]);
      const log = await one.readLog({ conversation, device: bob.device, after: 0, limit: 10, maxBytes: 1e6 });
      expect(log).to.have.property("head", sequence);
      expect(log).to.have.nested.property("entries.length", 2);
      expect(await one.findEntry(conversation, bob.device, sequence + 1)).to.equal(undefined);
      const [sent] = await one.acceptMessages(conversation, [messageBy(conversation, bob, 1, { epoch: 2 })]);
      expect(sent).to.deep.equal({ status: "not-a-member" });
      const acks = await one.advancePositions([
        ackBy(conversation, bob, sequence + 1),
        ackBy(conversation, bob, sequence),
      ]);
      expect(acks.map(({ status }) => status)).to.deep.equal(["outside", "advanced"]);
    });

    it("begins the log of a re-added device anew; its numbers go on", async () => {
      const { one } = stores();
      const { conversation, alice, bob } = await foundDirect(one);
      await one.acceptMessages(conversation, [messageBy(conversation, bob, 1), messageBy(conversation, bob, 2)]);
      const readd = commitBy(conversation, alice, 1, { removed: [bob.device], added: [bob] });
      const { sequence } = mustBeAccepted(await one.acceptCommit(readd));
      const view = await one.viewConversation(bob.user, bob.device, conversation);
      expect(view).to.include({ joinedSequence: sequence, leftSequence: null, position: sequence - 1, lastNumber: 2 });
      const log = await one.readLog({ conversation, device: bob.device, after: 0, limit: 10, maxBytes: 1e6 });
      expect(log).to.have.nested.property("entries[0].sequence", sequence);
      const [sent] = await one.acceptMessages(conversation, [messageBy(conversation, bob, 3, { epoch: 2 })]);
      expect(sent).to.have.property("status", "accepted");
    });

    it("is read from the log like any entry, with number 0 and the epoch that it ended", async () => {
      const { one } = stores();
      const { conversation, bob, founding } = await foundDirect(one);
      expect(await one.findEntry(conversation, bob.device, 1)).to.deep.include({
        kind: "commit",
        number: 0,
        epoch: 0,
        id: founding.id,
        payload: founding.commit,
        sender: founding.sender,
      });
    });
  });
}
