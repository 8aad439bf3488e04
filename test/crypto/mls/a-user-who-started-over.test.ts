import { expect } from "chai";
import { decodeKeyPackage } from "../../../src/crypto/key-package.ts";
import type { DeviceIdentity } from "../../../src/crypto/group-engine.ts";
import { mlsGroupEngine as engine } from "../../../src/crypto/mls-group-engine.ts";
import { DirectGroup, bothSuites } from "../../support/direct-group.ts";
import { forgeCommit } from "../../support/forged-commit.ts";
import { brokenRule } from "../../support/refusal.ts";
import { RoleGroup } from "../../support/role-group.ts";
import type { Seat, SeatedGroup } from "../../support/seated-group.ts";

/** What the others say to a commit by one of them, valid in form, that does just this. */
async function judged(
  group: SeatedGroup,
  by: Seat,
  reader: Seat,
  { remove, add }: { remove: readonly DeviceIdentity[]; add: readonly DeviceIdentity[] },
): Promise<unknown> {
  const pairs = await Promise.all(add.map((joiner) => engine.createKeyPackage(joiner, group.suite)));
  const proposals = [
    ...remove.map((leaver) => ({ proposalType: "remove" as const, remove: { removed: group.leafOf(leaver) } })),
    ...pairs.map(({ publicBytes }) => ({
      proposalType: "add" as const,
      add: { keyPackage: decodeKeyPackage(publicBytes) },
    })),
  ];
  return engine.applyCommit(reader.group, await forgeCommit(by.group, { proposals }), group.policy);
}

for (const suite of bothSuites) {
  describe(`a user who has started over, in a group of suite ${suite}`, () => {
    it("is replaced in a direct by the other side, and both go on", async () => {
      const direct = await DirectGroup.of(suite, 2, 2);
      const lost = direct.seats.slice(2).map(({ identity }) => identity);
      const tablet = direct.bob.startOver();
      await direct.commit(direct.seats[1]!, { remove: lost, add: [tablet] });
      await direct.talk();
      expect(direct.seats.map(({ identity }) => identity.device))
        .to.include(tablet.device)
        .and.to.have.length(3);
      const keys = direct.seats[0]!.group.members.filter(({ user }) => user === "bob");
      expect(keys.map(({ accountKey }) => accountKey)).to.deep.equal([tablet.accountKey]);
    });

    it("is replaced in a direct with all devices or not at all", async () => {
      const direct = await DirectGroup.of(suite, 2, 2);
      const [by, reader, phone, laptop] = direct.seats as [Seat, Seat, Seat, Seat];
      const tablet = direct.bob.startOver();
      const rule = "who starts over is replaced with all devices";
      for (const remove of [[], [phone.identity], [laptop.identity]]) {
        await brokenRule(judged(direct, by, reader, { remove, add: [tablet] }), rule);
      }
      const remove = [phone.identity, laptop.identity];
      await brokenRule(judged(direct, by, reader, { remove, add: [] }), "a member removes its own user's devices");
      await judged(direct, by, reader, { remove, add: [tablet] });
    });

    it("is replaced in a group by a member without a role, the sole owner too, and keeps the role", async () => {
      const group = await RoleGroup.of(suite, { alice: 2, bob: 1, carol: 1 });
      const alice = await group.person("alice");
      const lost = group.devices("alice");
      const tablet = alice.startOver();
      await group.commit(group.seat("bob"), { remove: lost, add: [tablet] });
      await group.talk();
      expect(group.current()).to.deep.equal(group.node.policy);
      const dave = (await group.person("dave")).addDevice();
      await group.commit(group.seat("alice"), { add: [dave] });
      await group.talk();
      expect(group.seats).to.have.length(4);
    });

    it("is replaced in a group with all devices or not at all, and nobody else goes with it", async () => {
      const group = await RoleGroup.of(suite, { alice: 2, bob: 1, carol: 1 });
      const [one, other] = group.devices("alice") as [DeviceIdentity, DeviceIdentity];
      const tablet = (await group.person("alice")).startOver();
      const [by, reader] = [group.seat("bob"), group.seat("carol")];
      const rule = "who starts over is replaced with all devices";
      for (const remove of [[], [one], [other]]) {
        await brokenRule(judged(group, by, reader, { remove, add: [tablet] }), rule);
      }
      const withCarol = { remove: [one, other, ...group.devices("carol")], add: [tablet] };
      await brokenRule(judged(group, by, reader, withCarol), "owners and admins remove users");
      const removal = { remove: [one, other], add: [] };
      await brokenRule(judged(group, by, reader, removal), "owners and admins remove users");
    });
  });
}
