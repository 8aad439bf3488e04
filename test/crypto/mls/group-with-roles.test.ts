import { expect } from "chai";
import { createCommit } from "ts-mls/createCommit.js";
import { createGroup } from "ts-mls/clientState.js";
import type { Extension } from "ts-mls/extension.js";
import { encodeMlsMessage } from "ts-mls/message.js";
import { createKeyPackage, decodeKeyPackage, decodePrivateKeyPackage } from "../../../src/crypto/key-package.ts";
import { mlsGroupEngine as engine } from "../../../src/crypto/mls-group-engine.ts";
import { clientConfig } from "../../../src/crypto/mls/configuration.ts";
import { suiteImplementation } from "../../../src/crypto/provider.ts";
import { encodeGroupId } from "../../../src/identity/group-id.ts";
import { extensionsOfPolicy } from "../../../src/identity/group-policy.ts";
import { inspectCommit } from "../../../src/identity/handshake.ts";
import { newId } from "../../../src/protocol/ids.ts";
import type { ConversationId } from "../../../src/protocol/ids.ts";
import { AccountWithDevices } from "../../support/account-with-devices.ts";
import { DirectGroup, bothSuites } from "../../support/direct-group.ts";
import { forgeCommit } from "../../support/forged-commit.ts";
import { brokenRule, refusal } from "../../support/refusal.ts";
import { RoleGroup, policyOf } from "../../support/role-group.ts";

const owned = policyOf({ alice: "owner" });

for (const suite of bothSuites) {
  describe(`a group with roles, suite ${suite}`, () => {
    it("is founded with its policy, which its first commit shows to the node", async () => {
      const group = await RoleGroup.of(suite, {});
      expect(group.current()).to.deep.equal(owned);
      expect(group.node.policy).to.deep.equal(owned);
      expect(group.seats[0]!.group.epoch).to.equal(1);
    });

    it("is not founded with a role for anybody else, nor with a policy that is none", async () => {
      const identity = (await AccountWithDevices.of("alice")).addDevice();
      const place = { conversation: newId<ConversationId>(), generation: 1, suite };
      for (const roles of [{ bob: "owner" }, { alice: "owner", bob: "admin" }] as const) {
        await refusal(engine.createGroup(identity, place, policyOf(roles)), "commit-invalid");
      }
      const direct = await engine.createGroup(identity, place);
      expect(direct.policy).to.equal(undefined);
    });

    it("takes users and devices in and lets them go, and everybody follows, the node too", async () => {
      const group = await RoleGroup.of(suite, { alice: 1, bob: 2, carol: 1 }, { alice: "owner", bob: "admin" });
      const dave = await group.person("dave");
      await group.commit(group.seat("bob"), { add: [dave.addDevice(), dave.addDevice()] });
      await group.talk();
      await group.commit(group.seat("carol"), { add: [dave.addDevice()] });
      await group.commit(group.seat("dave"), { remove: [group.devices("dave")[1]!] });
      await group.talk();
      await group.commit(group.seat("bob", 1), { remove: group.devices("carol") });
      await group.talk();
      expect(group.seats.map(({ identity }) => identity.user).toSorted()).to.deep.equal([
        "alice",
        "bob",
        "bob",
        "dave",
        "dave",
      ]);
      const known = group.node.leaves.map((leaf) => leaf?.device ?? null);
      const { members } = group.seats[0]!.group;
      expect(members.map(({ leaf }) => known[leaf])).to.deep.equal(members.map(({ device }) => device));
      expect(known.filter((device) => device !== null)).to.have.length(members.length);
    });

    it("changes roles and times by a commit of its own, which an empty one follows", async () => {
      const group = await RoleGroup.of(suite, { alice: 1, bob: 1, carol: 1 });
      const { epoch } = group.seats[0]!.group;
      const next = policyOf({ alice: "owner", bob: "owner" }, { history: "off", disappearingSeconds: 60 });
      const commit = await group.commit(group.seat("alice"), { policy: next });
      expect(await inspectCommit(commit)).to.deep.include({ policy: next, hasPath: false, adds: [], removes: [] });
      await group.talk();
      const after = await inspectCommit(await group.commit(group.seat("alice"), {}));
      expect(after).to.include({ hasPath: true }).and.to.not.have.property("policy");
      await group.talk();
      for (const { group: own } of group.seats) expect(own).to.deep.include({ epoch: epoch + 2, policy: next });
      await group.changePolicy(group.seat("bob"), policyOf({ bob: "owner" }, { history: "off" }));
      expect(group.node.policy).to.deep.equal(group.current());
      await group.commit(group.seat("bob"), { remove: group.devices("alice") });
      await group.talk();
    });

    it("shows its policy to who joins, and keeps it where it is stored and read", async () => {
      const policy = policyOf({ alice: "owner", bob: "admin" }, { retentionDays: 9 });
      const group = await RoleGroup.of(suite, { alice: 1, bob: 1 });
      await group.changePolicy(group.seat("alice"), policy);
      await group.commit(group.seat("bob"), { add: [(await group.person("carol")).addDevice()] });
      const { group: joined, identity } = group.seat("carol");
      expect(joined.policy).to.deep.equal(policy);
      const read = await engine.decodeGroup(engine.encodeGroup(joined), identity);
      expect(read.policy).to.deep.equal(policy);
      group.seat("carol").group = read;
      await group.talk();
    });

    it("lets any member remove who has left", async () => {
      const group = await RoleGroup.of(suite, { alice: 1, bob: 2, carol: 1 });
      const bobs = group.devices("bob");
      await refusal(group.commit(group.seat("carol"), { remove: bobs }), "commit-invalid");
      group.setLeavers("bob");
      await group.commit(group.seat("carol"), { remove: bobs });
      group.setLeavers();
      await group.talk();
      await group.commit(group.seat("alice"), { add: [group.people.get("bob")!.addDevice()] });
      await group.talk();
    });

    it("adds a device of anybody's again that lost its way", async () => {
      const group = await RoleGroup.of(suite, { alice: 2, bob: 1, carol: 1 });
      const lost = group.seat("alice", 1).identity;
      await group.commit(group.seat("carol"), { remove: [lost], add: [lost] });
      await group.talk();
    });

    it("makes no commit that the others would refuse", async () => {
      const group = await RoleGroup.of(suite, { alice: 1, bob: 1, carol: 1 }, { alice: "owner", bob: "admin" });
      const dave = (await group.person("dave")).addDevice();
      const pair = await engine.createKeyPackage(dave, suite);
      const by = (name: string) => (changes: Parameters<typeof engine.prepareCommit>[1]) =>
        engine.prepareCommit(group.seat(name).group, changes);
      await brokenRule(by("carol")({ add: [pair.publicBytes] }), "owners and admins add users");
      const mixed = { add: [pair.publicBytes], policy: policyOf({ alice: "owner" }) };
      await brokenRule(by("alice")(mixed), "a policy is changed by itself");
      await brokenRule(by("bob")({ policy: policyOf({ bob: "owner" }) }), "owners make and unmake");
      await refusal(by("alice")({ policy: { roles: [], history: "kept" } }), "commit-invalid");
      await brokenRule(by("alice")({ remove: [group.leafOf(group.devices("bob")[0]!)] }), "a role is taken away");
      await brokenRule(by("alice")({ remove: [9] }), "the leaf has a member");
      const direct = await DirectGroup.of(suite);
      const attempt = engine.prepareCommit(direct.seats[0]!.group, { policy: owned });
      await brokenRule(attempt, "a direct conversation has no group policy");
    });

    it("is not taken for a direct conversation, nor a direct one for a group", async () => {
      const group = await RoleGroup.of(suite, { alice: 1, bob: 1 });
      const direct = await DirectGroup.of(suite, 1, 1);
      const users = [group.people.get("alice")!.user, group.people.get("bob")!.user] as const;
      const { commit } = await engine.prepareCommit(group.seats[0]!.group, {});
      const asDirect = engine.applyCommit(group.seats[1]!.group, commit, { kind: "direct", users });
      await brokenRule(asDirect, "a direct conversation has no group policy");
      const other = await engine.prepareCommit(direct.seats[0]!.group, {});
      const asGroup = engine.applyCommit(direct.seats[1]!.group, other.commit, { kind: "group" });
      await brokenRule(asGroup, "a group has a policy");
      const groupContextExtensions = { extensions: extensionsOfPolicy(owned) };
      const becoming = await forgeCommit(direct.seats[0]!.group, {
        proposals: [{ proposalType: "group_context_extensions", groupContextExtensions }],
        withoutPath: true,
      });
      const attempt = engine.applyCommit(direct.seats[1]!.group, becoming, direct.policy);
      await brokenRule(attempt, "a direct conversation has no group policy");
    });
  });

  describe(`a Welcome to a group, suite ${suite}`, () => {
    /** A Welcome by the library alone, into a group with whatever extensions. */
    async function invitation(extensions: Extension[]) {
      const [alice, bob] = [await AccountWithDevices.of("alice"), await AccountWithDevices.of("bob")];
      const [founder, joiner] = [alice.addDevice(), bob.addDevice()];
      const primitives = await suiteImplementation(suite);
      const own = await createKeyPackage(founder, suite);
      const pair = await engine.createKeyPackage(joiner, suite);
      const groupId = encodeGroupId({ conversation: newId(), generation: 1 });
      const keys = decodePrivateKeyPackage(own.privateBytes, founder.deviceSecretKey);
      const keyPackage = decodeKeyPackage(own.publicBytes);
      const state = await createGroup(groupId, keyPackage, keys, extensions, primitives, clientConfig);
      const added = decodeKeyPackage(pair.publicBytes);
      const extraProposals = [{ proposalType: "add" as const, add: { keyPackage: added } }];
      const options = { wireAsPublicMessage: true, ratchetTreeExtension: true, extraProposals };
      const { welcome } = await createCommit({ state, cipherSuite: primitives }, options);
      const bytes = encodeMlsMessage({ version: "mls10", wireformat: "mls_welcome", welcome: welcome! });
      const users = [alice.user, bob.user] as const;
      return {
        asGroup: () => engine.joinGroup(joiner, bytes, pair, { kind: "group" }),
        asDirect: () => engine.joinGroup(joiner, bytes, pair, { kind: "direct", users }),
      };
    }
    const policy = extensionsOfPolicy(owned);

    it("is taken by who expects a group, and by nobody who expects a direct conversation", async () => {
      const { asGroup, asDirect } = await invitation(policy);
      expect((await asGroup()).policy).to.deep.equal(owned);
      await refusal(asDirect(), "undecryptable");
    });

    it("without a policy is taken for a direct conversation alone", async () => {
      const { asGroup, asDirect } = await invitation([]);
      expect((await asDirect()).policy).to.equal(undefined);
      await refusal(asGroup(), "undecryptable");
    });

    it("is refused with two policies, with another extension, with a malformed policy, and with a role for a stranger", async () => {
      const required = { extensionType: "required_capabilities" as const, extensionData: new Uint8Array(3) };
      const malformed = { ...policy[0]!, extensionData: policy[0]!.extensionData.slice(0, -1) };
      const ofStranger = extensionsOfPolicy(policyOf({ alice: "owner", mallory: "admin" }));
      for (const extensions of [[...policy, ...policy], [...policy, required], [required], [malformed], ofStranger]) {
        const { asGroup, asDirect } = await invitation(extensions);
        await refusal(asGroup(), "undecryptable");
        await refusal(asDirect(), "undecryptable");
      }
    });
  });
}
