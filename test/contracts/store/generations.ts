import { expect } from "chai";
import type { AcceptCommit } from "../../../src/actors/ports/store-conversations.ts";
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
import type { Party } from "../../support/store/store-kit.ts";
import type { StorePair } from "./store-pair.ts";

export function describeGenerations(stores: () => StorePair): void {
  const succeeding = (
    conversation: AcceptCommit["conversation"],
    founder: Party,
    roster: Party[],
    generation = 2,
  ): AcceptCommit =>
    commitBy(conversation, founder, 0, {
      generation,
      added: roster,
      leaves: roster.map(({ device }) => device),
      welcome: bytesOf("welcome"),
    });

  describe("a new generation", () => {
    it("is founded once: of two foundings one is accepted", async () => {
      const { one, other } = stores();
      const { conversation, alice, bob } = await foundDirect(one);
      expect(await one.acceptCommit(succeeding(conversation, alice, [alice, bob], 3))).to.include({
        status: "stale-epoch",
      });
      const foundings = [alice, bob].map((founder) => succeeding(conversation, founder, [alice, bob]));
      const outcomes = await Promise.all([one.acceptCommit(foundings[0]!), other.acceptCommit(foundings[1]!)]);
      expect(outcomes.map(({ status }) => status).sort()).to.deep.equal(["accepted", "stale-epoch"]);
      const row = await one.findConversation(conversation);
      expect(row).to.include({ generation: 2, epoch: 1, rosterEpoch: 1, head: 2 });
      const won = foundings[outcomes.findIndex(({ status }) => status === "accepted")]!;
      expect(await other.acceptCommit(won)).to.include({ status: "already-accepted", sequence: 2 });
    });

    it("lets its devices go on as they were: what came before is still to be read, and numbers go on", async () => {
      const { one, other } = stores();
      const { conversation, alice, bob } = await foundDirect(one);
      for (const epoch of [1, 2, 3]) mustBeAccepted(await one.acceptCommit(commitBy(conversation, alice, epoch)));
      await one.acceptMessages(conversation, [messageBy(conversation, alice, 1, { epoch: 4 })]);
      await one.advancePositions([ackBy(conversation, bob, 3)]);
      const { inbox } = mustBeAccepted(await one.acceptCommit(succeeding(conversation, alice, [alice, bob])));
      expect(inbox.map(({ device }) => device)).to.deep.equal([bob.device]);
      const view = await other.viewConversation(bob.user, bob.device, conversation);
      expect(view).to.include({ joinedSequence: 1, position: 3, leftSequence: null, generation: 2, epoch: 1 });
      const hers = await other.viewConversation(alice.user, alice.device, conversation);
      expect(hers).to.include({ joinedSequence: 1, lastNumber: 1 });
      const send = async (number: number, place: { generation: number; epoch: number }) => {
        const [outcome] = await one.acceptMessages(conversation, [messageBy(conversation, alice, number, place)]);
        return outcome!.status;
      };
      expect(await send(2, { generation: 1, epoch: 4 })).to.equal("stale-epoch");
      expect(await send(2, { generation: 2, epoch: 1 })).to.equal("accepted");
    });

    it("ends there for devices that are not in it, and begins there for those that come", async () => {
      const { one, other } = stores();
      const { conversation, alice, bob } = await foundDirect(one);
      const laptop = await addDevice(one, bob.user);
      const { sequence } = mustBeAccepted(await one.acceptCommit(succeeding(conversation, alice, [alice, laptop])));
      expect(await other.viewConversation(bob.user, bob.device, conversation)).to.include({ leftSequence: sequence });
      expect(await other.viewConversation(bob.user, laptop.device, conversation)).to.include({
        joinedSequence: sequence,
        position: sequence - 1,
      });
      const [outcome] = await one.acceptMessages(conversation, [
        messageBy(conversation, bob, 1, { generation: 2, epoch: 1 }),
      ]);
      expect(outcome!.status).to.equal("not-a-member");
    });

    it("has live devices of the conversation's users alone, the founder's among them", async () => {
      const { one } = stores();
      const { conversation, alice, bob } = await foundDirect(one);
      const stranger = await addDevice(one, newUser("stranger"));
      const laptop = await addDevice(one, bob.user);
      expect(await revokeDevice(one, laptop)).to.equal("appended");
      for (const roster of [[bob], [alice, bob, stranger], [alice, bob, laptop]]) {
        const outcome = await one.acceptCommit(succeeding(conversation, alice, roster));
        expect(outcome).to.deep.equal({ status: "not-a-member" });
      }
      expect(await one.findConversation(conversation)).to.include({ generation: 1, head: 1 });
    });
  });
}
