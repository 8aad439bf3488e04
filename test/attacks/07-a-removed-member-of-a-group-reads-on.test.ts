import { expect } from "chai";
import { mlsGroupEngine as engine } from "../../src/crypto/mls-group-engine.ts";
import { toMlsGroup } from "../../src/crypto/mls/mls-group.ts";
import { bothSuites } from "../support/direct-group.ts";
import type { Seat } from "../support/direct-group.ts";
import { refusal } from "../support/refusal.ts";
import { RoleGroup, policyOf } from "../support/role-group.ts";

const text = new TextEncoder().encode("not for who left");

for (const suite of bothSuites) {
  describe(`attack 7: a removed member of a group reads on, suite ${suite}`, () => {
    let group: RoleGroup;
    let removed: Seat[];
    beforeEach(async () => {
      group = await RoleGroup.of(suite, { alice: 2, bob: 1, carol: 1, mallory: 2 }, { alice: "owner", bob: "admin" });
      await group.commit(group.seat("mallory"), {});
      removed = [group.seat("mallory"), group.seat("mallory", 1)];
    });

    /** No device of theirs opens, knows or follows anything that comes now. */
    async function without(gone: readonly Seat[], commit: Uint8Array): Promise<void> {
      await group.talk();
      for (const seat of gone) {
        expect(group.seats).to.not.include(seat);
        for (const sender of group.seats) {
          const sealed = await engine.seal(sender.group, text, new Uint8Array());
          await refusal(engine.open(seat.group, sealed.ciphertext), "undecryptable");
          const { keySchedule } = toMlsGroup(sender.group).state;
          const known = Object.values(toMlsGroup(seat.group).state.keySchedule).map((key) => key.join());
          for (const key of Object.values(keySchedule)) expect(known).to.not.include(key.join());
        }
        await refusal(engine.applyCommit(seat.group, commit, group.policy), "not-a-member");
      }
    }

    it("(7) opens nothing after a single Remove, nor after the changes of policy that follow", async () => {
      const [one] = removed;
      const commit = await group.commit(group.seat("mallory", 1), { remove: [one!.identity] });
      await without([one!], commit);
      const change = await group.commit(group.seat("alice"), { policy: policyOf({ alice: "owner" }) });
      await without([one!], change);
      await without([one!], await group.commit(group.seat("alice"), {}));
    });

    it("(7) opens nothing after one commit of two Removes, by an admin", async () => {
      const commit = await group.commit(group.seat("bob"), { remove: group.devices("mallory") });
      await without(removed, commit);
    });

    it("(7) opens nothing after a Remove and an Add in one commit, which gives its leaf away", async () => {
      const [one] = removed;
      const leaf = one!.group.ownLeaf;
      const joiner = group.people.get("mallory")!.addDevice();
      const commit = await group.commit(group.seat("mallory", 1), { remove: [one!.identity], add: [joiner] });
      expect(group.leafOf(joiner)).to.equal(leaf);
      await without([one!], commit);
    });

    it("(7) opens nothing after two Removes and an Add in one commit", async () => {
      const joiner = (await group.person("dave")).addDevice();
      const commit = await group.commit(group.seat("alice"), { remove: group.devices("mallory"), add: [joiner] });
      await without(removed, commit);
    });

    it("(7) opens nothing after it left and any member removed it", async () => {
      group.setLeavers("mallory");
      const commit = await group.commit(group.seat("carol"), { remove: group.devices("mallory") });
      await without(removed, commit);
    });

    it("(7) opens nothing of what was sent between its removal and its return", async () => {
      await group.commit(group.seat("alice"), { remove: group.devices("mallory") });
      const alice = group.seat("alice");
      const between = await engine.seal(alice.group, text, new Uint8Array());
      alice.group = between.group;
      await group.commit(group.seat("bob"), { add: [removed[0]!.identity] });
      await group.talk();
      await refusal(engine.open(group.seat("mallory").group, between.ciphertext), "undecryptable");
      await refusal(engine.open(removed[1]!.group, between.ciphertext), "undecryptable");
    });
  });
}
