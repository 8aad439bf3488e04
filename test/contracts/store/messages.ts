import { expect } from "chai";
import type { AcceptMessage } from "../../../src/actors/ports/store-log.ts";
import { newId, type ConversationId } from "../../../src/protocol/ids.ts";
import { limits } from "../../../src/protocol/limits.ts";
import { eventually } from "../../support/eventually.ts";
import {
  addDevice,
  bytesOf,
  commitBy,
  foundDirect,
  messageBy,
  newUser,
  revokeDevice,
} from "../../support/store/store-kit.ts";
import type { StorePair } from "./store-pair.ts";

export function describeMessages(stores: () => StorePair): void {
  const statusOf = async (message: AcceptMessage): Promise<string> => {
    const [outcome] = await stores().one.acceptMessages(message.conversation, [message]);
    return outcome!.status;
  };

  describe("accepting messages", () => {
    it("gives consecutive sequences, whichever instance accepts", async () => {
      const { one, other } = stores();
      const { conversation, alice, bob } = await foundDirect(one);
      const each = 100;
      const numbers = Array.from({ length: each }, (_, index) => index + 1);
      const outcomes = await Promise.all([
        ...numbers.map((number) => one.acceptMessages(conversation, [messageBy(conversation, alice, number)])),
        ...numbers.map((number) => other.acceptMessages(conversation, [messageBy(conversation, bob, number)])),
      ]);
      const accepted = outcomes.flat().map((outcome) => (outcome.status === "accepted" ? outcome.sequence : NaN));
      const ordered = [...accepted].sort((a, b) => a - b);
      expect(ordered).to.deep.equal(Array.from({ length: 2 * each }, (_, index) => index + 2));
      const log = await other.readLog({ conversation, device: bob.device, after: 0, limit: 256, maxBytes: 1e7 });
      const entries = log === "not-a-member" ? [] : log.entries;
      expect(entries.map(({ sequence }) => sequence)).to.deep.equal([1, ...ordered]);
      const times = entries.map(({ acceptedAt }) => acceptedAt);
      expect(times).to.deep.equal([...times].sort((a, b) => a - b));
    });

    it("accepts nothing from who has seen more than the log holds, but knows again what it has", async () => {
      const { conversation, alice } = await foundDirect(stores().one);
      const first = messageBy(conversation, alice, 1);
      expect(await statusOf({ ...first, seen: 2 })).to.equal("diverged");
      expect(await statusOf({ ...first, seen: 1 })).to.equal("accepted");
      expect(await statusOf({ ...first, seen: 9 })).to.equal("already-accepted");
    });

    it("keeps the time at which an entry was accepted first, between the entry before it and now", async () => {
      const { one } = stores();
      const { conversation, alice } = await foundDirect(one);
      const at = async (number: number, acceptedAt: number) => {
        const [outcome] = await one.acceptMessages(conversation, [
          { ...messageBy(conversation, alice, number), acceptedAt },
        ]);
        return outcome?.status === "accepted" ? outcome.acceptedAt : undefined;
      };
      const now = await one.clock();
      expect(await at(1, 1), "not before the commit that founded the group").to.be.within(now - 5000, now);
      const later = (await one.clock()) + 1;
      await eventually(async () => expect(await one.clock()).to.be.greaterThan(later + 5));
      expect(await at(2, later)).to.equal(later);
      expect(await at(3, later + 3_600_000)).to.be.within(later, (await one.clock()) + 5);
    });

    it("answers each on its own merits, in the order given, without a gap", async () => {
      const { one } = stores();
      const { conversation, alice, bob } = await foundDirect(one);
      const outcomes = await one.acceptMessages(conversation, [
        messageBy(conversation, alice, 1),
        messageBy(conversation, bob, 2),
        messageBy(conversation, alice, 2),
        messageBy(conversation, alice, 4),
        messageBy(conversation, bob, 1),
      ]);
      expect(outcomes.map(({ status }) => status)).to.deep.equal([
        "accepted",
        "out-of-order",
        "accepted",
        "out-of-order",
        "accepted",
      ]);
      const sequences = outcomes.flatMap((outcome) => (outcome.status === "accepted" ? [outcome.sequence] : []));
      expect(sequences).to.deep.equal([2, 3, 4]);
    });

    it("knows a number it has accepted, the last one and earlier ones, on any instance", async () => {
      const { one, other } = stores();
      const { conversation, alice, bob } = await foundDirect(one);
      const sent = [1, 2, 3].map((number) => messageBy(conversation, alice, number));
      await one.acceptMessages(conversation, sent);
      await one.acceptMessages(conversation, [messageBy(conversation, bob, 1)]);
      const again = await other.acceptMessages(conversation, sent);
      expect(again.map(({ status }) => status)).to.deep.equal(Array(3).fill("already-accepted"));
      expect(await one.findConversation(conversation)).to.include({ head: 5 });
    });

    it("accepts a message once that comes through two instances at once", async () => {
      const { one, other } = stores();
      const { conversation, alice } = await foundDirect(one);
      for (let number = 1; number <= 25; number += 1) {
        const message = messageBy(conversation, alice, number);
        const tries = await Promise.all(
          [one, other, one].map((store) => store.acceptMessages(conversation, [message])),
        );
        const statuses = tries.flat().map(({ status }) => status);
        expect(statuses.toSorted()).to.deep.equal(["accepted", "already-accepted", "already-accepted"]);
      }
      expect((await one.findConversation(conversation))?.head).to.equal(26);
    });

    it("refuses another content under a number it has accepted, and an id that is not later", async () => {
      const { one } = stores();
      const { conversation, alice } = await foundDirect(one);
      const early = messageBy(conversation, alice, 4);
      const sent = [1, 2, 3].map((number) => messageBy(conversation, alice, number));
      await one.acceptMessages(conversation, sent);
      expect(await statusOf({ ...sent[2]!, payload: bytesOf("other") })).to.equal("message-conflict");
      expect(await statusOf({ ...sent[0]!, payload: bytesOf("other") })).to.equal("message-conflict");
      expect(await statusOf(messageBy(conversation, alice, 3))).to.equal("message-conflict");
      expect(await statusOf(messageBy(conversation, alice, 1))).to.equal("message-conflict");
      expect(await statusOf(early)).to.equal("message-conflict");
      expect(await statusOf({ ...sent[2]!, number: 4 })).to.equal("message-conflict");
      expect(await statusOf(messageBy(conversation, alice, 4))).to.equal("accepted");
    });

    it("refuses who is not in the group, whose device was revoked, and conversations that are not there", async () => {
      const { one } = stores();
      const { conversation, alice, bob } = await foundDirect(one);
      const stranger = await addDevice(one, newUser());
      expect(await statusOf(messageBy(conversation, stranger, 1))).to.equal("not-a-member");
      expect(await statusOf(messageBy(conversation, { ...alice, user: bob.user }, 1))).to.equal("not-a-member");
      expect(await statusOf(messageBy(newId<ConversationId>(), alice, 1))).to.equal("conversation-unknown");
      const last = messageBy(conversation, bob, 1);
      expect(await statusOf(last)).to.equal("accepted");
      await revokeDevice(one, bob);
      expect(await statusOf(messageBy(conversation, bob, 2))).to.equal("device-revoked");
      expect(await statusOf(last)).to.equal("already-accepted");
    });

    it("takes messages of past epochs, but none from before the roster changed nor from the future", async () => {
      const { one } = stores();
      const { conversation, alice, bob } = await foundDirect(one);
      let number = 0;
      for (let epoch = 1; epoch <= limits.pastEpochs + 1; epoch++) {
        await one.acceptCommit(commitBy(conversation, bob, epoch));
      }
      const current = limits.pastEpochs + 2;
      const oldest = current - limits.pastEpochs;
      const at = (epoch: number) => messageBy(conversation, alice, number + 1, { epoch });
      expect(await statusOf(at(oldest - 1))).to.equal("stale-epoch");
      expect(await statusOf(at(current + 1))).to.equal("stale-epoch");
      expect(await statusOf({ ...at(current), generation: 2 })).to.equal("stale-epoch");
      expect(await statusOf(at(oldest))).to.equal("accepted");
      number += 1;
      const laptop = await addDevice(one, bob.user);
      await one.acceptCommit(commitBy(conversation, bob, current, { added: [laptop] }));
      expect(await statusOf(at(current))).to.equal("stale-epoch");
      expect(await statusOf(at(current + 1))).to.equal("accepted");
    });
  });

  describe("reading the log", () => {
    it("comes in pages, which end early when they are large but are never empty", async () => {
      const { one, other } = stores();
      const { conversation, alice, bob } = await foundDirect(one);
      const payload = bytesOf("large", 1000);
      const sent = Array.from({ length: 100 }, (_, index) => messageBy(conversation, alice, index + 1, { payload }));
      await one.acceptMessages(conversation, sent);
      const read = async (after: number, limit: number, maxBytes: number) => {
        const page = await other.readLog({ conversation, device: bob.device, after, limit, maxBytes });
        return page === "not-a-member" ? [] : page.entries.map(({ sequence }) => sequence);
      };
      expect(await read(0, 3, 1e6)).to.deep.equal([1, 2, 3]);
      expect(await read(1, 50, 2500)).to.deep.equal([2, 3]);
      expect(await read(1, 50, 1)).to.deep.equal([2]);
      expect(await read(40, 256, 1e6)).to.deep.equal(Array.from({ length: 61 }, (_, index) => index + 41));
      expect(await read(101, 10, 1e6)).to.deep.equal([]);
    });

    it("is for devices in the group: a stranger, a device not yet added and a revoked one read nothing", async () => {
      const { one } = stores();
      const { conversation, alice, bob } = await foundDirect(one);
      const laptop = await addDevice(one, alice.user);
      const read = (device: typeof laptop.device) =>
        one.readLog({ conversation, device, after: 0, limit: 10, maxBytes: 1e6 });
      expect(await read(laptop.device)).to.equal("not-a-member");
      expect(await one.findEntry(conversation, laptop.device, 1)).to.equal(undefined);
      await one.acceptCommit(commitBy(conversation, alice, 1, { added: [laptop] }));
      expect(await read(laptop.device)).to.have.nested.property("entries[0].sequence", 2);
      expect(await one.findEntry(conversation, laptop.device, 1)).to.equal(undefined);
      await revokeDevice(one, bob);
      expect(await read(bob.device)).to.equal("not-a-member");
    });

    it("hides at once what retention has passed, and says up to where", async () => {
      const { one, forgetful } = stores();
      const { conversation, alice, bob } = await foundDirect(one);
      await one.acceptMessages(conversation, [messageBy(conversation, alice, 1)]);
      await eventually(async () => {
        const log = await forgetful.readLog({ conversation, device: bob.device, after: 0, limit: 10, maxBytes: 1e6 });
        expect(log).to.deep.equal({ entries: [], head: 2, floor: 2 });
      });
      expect(await forgetful.findEntry(conversation, bob.device, 2)).to.equal(undefined);
      expect(await forgetful.viewConversation(bob.user, bob.device, conversation)).to.include({ floor: 2 });
      expect(await one.viewConversation(bob.user, bob.device, conversation)).to.include({ floor: 0 });
    });
  });
}
