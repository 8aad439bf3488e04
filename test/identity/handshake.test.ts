import { expect } from "chai";
import { createCommit } from "ts-mls/createCommit.js";
import type { Extension } from "ts-mls/extension.js";
import { processPublicMessage } from "ts-mls/processMessages.js";
import type { Proposal } from "ts-mls/proposal.js";
import { emptyPskIndex } from "ts-mls/pskIndex.js";
import { inspectCommit, inspectKeyPackage, nextLeaves } from "../../src/identity/handshake.ts";
import { decodeGroupId, encodeGroupId } from "../../src/identity/group-id.ts";
import { extensionsOfPolicy } from "../../src/identity/group-policy.ts";
import { decodeKeyPackage } from "../../src/crypto/key-package.ts";
import { capabilities as ownCapabilities } from "../../src/crypto/mls/configuration.ts";
import { mlsGroupEngine as engine } from "../../src/crypto/mls-group-engine.ts";
import { toMlsGroup } from "../../src/crypto/mls/mls-group.ts";
import { publicKeyOf } from "../../src/crypto/signing-key.ts";
import { newId } from "../../src/protocol/ids.ts";
import type { ConversationId } from "../../src/protocol/ids.ts";
import { DirectGroup, bothSuites } from "../support/direct-group.ts";
import { forgeCommit } from "../support/forged-commit.ts";
import { forgeKeyPackage, publish } from "../support/forged-key-package.ts";
import { brokenRule, refusal } from "../support/refusal.ts";
import { RoleGroup, policyOf } from "../support/role-group.ts";

for (const suite of bothSuites) {
  describe(`the public checks of a handshake, suite ${suite}`, () => {
    it("see who a commit is by, where it belongs, and what it does", async () => {
      const direct = await DirectGroup.of(suite, 2, 1);
      const joiner = direct.bob.addDevice();
      const pair = await engine.createKeyPackage(joiner, suite);
      const [seat] = direct.seats;
      const { commit } = await engine.prepareCommit(seat!.group, { add: [pair.publicBytes], remove: [1] });
      const inspected = await inspectCommit(commit);
      const { conversation } = seat!.group;
      expect(inspected).to.include({ conversation, generation: 1, epoch: 1, senderLeaf: 0, hasPath: true });
      expect(inspected.removes).to.deep.equal([1]);
      const [added] = inspected.adds;
      expect(added!.credential).to.include({ user: "bob", device: joiner.device });
      expect(added!.deviceKey).to.deep.equal(publicKeyOf(joiner.deviceSecretKey));
      expect(added!.keyPackageHash).to.deep.equal((await inspectKeyPackage(pair.publicBytes)).hash);
      expect(added!.keyPackageHash).to.deep.equal(pair.hash);
      expect(inspected.pathLeaf!.credential.device).to.equal(seat!.identity.device);
    });

    it("see what a key package is for", async () => {
      const direct = await DirectGroup.of(suite, 1, 0);
      const identity = direct.alice.addDevice();
      const now = Date.now();
      const pair = await engine.createKeyPackage(identity, suite, { lastResort: true, now });
      const inspected = await inspectKeyPackage(pair.publicBytes);
      expect(inspected).to.deep.include({ suite, lastResort: true, hash: pair.hash });
      expect(inspected.notBefore).to.be.below(now);
      expect(inspected.notAfter).to.be.above(now + 80 * 86_400_000);
      const ordinary = await engine.createKeyPackage(identity, suite);
      expect((await inspectKeyPackage(ordinary.publicBytes)).lastResort).to.equal(false);
    });

    it("refuse what is not a commit of a member in a PublicMessage", async () => {
      const direct = await DirectGroup.of(suite, 1, 1);
      const pair = await engine.createKeyPackage(direct.bob.addDevice(), suite);
      const { group } = direct.seats[0]!;
      const sealed = await engine.seal(group, new Uint8Array(9), new Uint8Array());
      const { commit, welcome } = await engine.prepareCommit(group, { add: [pair.publicBytes] });
      for (const bytes of [pair.publicBytes, sealed.ciphertext, welcome!, new Uint8Array(), commit.slice(0, -1)]) {
        await refusal(inspectCommit(bytes), "commit-invalid");
      }
      await refusal(inspectCommit(new Uint8Array([...commit, 0])), "commit-invalid");
      await refusal(inspectKeyPackage(commit), "key-package-invalid");
      await refusal(inspectKeyPackage(new Uint8Array([...pair.publicBytes, 0])), "key-package-invalid");
    });

    it("refuse proposals that we do not use", async () => {
      const direct = await DirectGroup.of(suite, 1, 1);
      const { group } = direct.seats[0]!;
      const psk = { psktype: "external" as const, pskId: new Uint8Array(4), pskNonce: new Uint8Array(32) };
      const tree = toMlsGroup(group).state.ratchetTree;
      const unwanted = [
        { proposalType: "psk" as const, psk: { preSharedKeyId: psk } },
        { proposalType: 0xf003, proposalData: new Uint8Array(3) },
      ];
      for (const proposal of unwanted) {
        const commit = await forgeCommit(group, { proposals: [proposal], tree });
        await refusal(inspectCommit(commit), "commit-invalid");
        await refusal(engine.applyCommit(direct.seats[1]!.group, commit, direct.policy), "commit-invalid");
      }
    });

    it("refuse a key package that does not understand our credentials, which would block the group", async () => {
      const direct = await DirectGroup.of(suite, 1, 1);
      const identity = direct.bob.addDevice();
      const capabilities = { versions: [], ciphersuites: [], extensions: [], proposals: [], credentials: [] };
      const mute = await forgeKeyPackage(identity, suite, { leaf: { capabilities } });
      await refusal(inspectKeyPackage(publish(mute)), "key-package-invalid");
    });
  });
}

for (const suite of bothSuites) {
  describe(`the public checks of a change of policy, suite ${suite}`, () => {
    let group: RoleGroup;
    const policy = policyOf({ alice: "owner", bob: "admin" });
    const change = (extensions: Extension[]) => ({
      proposalType: "group_context_extensions" as const,
      groupContextExtensions: { extensions },
    });
    beforeEach(async () => {
      group = await RoleGroup.of(suite, { alice: 2, bob: 1 });
    });

    it("see the new policy", async () => {
      const commit = await forgeCommit(group.seats[0]!.group, {
        proposals: [change(extensionsOfPolicy(policy))],
        withoutPath: true,
      });
      expect((await inspectCommit(commit)).policy).to.deep.equal(policy);
      const applied = await engine.applyCommit(group.seats[2]!.group, commit, group.policy);
      expect(applied.group.policy, "what follows is refused for its fault alone").to.deep.equal(policy);
    });

    it("refuse one that does not stand alone, that stands twice, or that has a path", async () => {
      const [sender, , judge] = group.seats;
      const pair = await engine.createKeyPackage(group.people.get("bob")!.addDevice(), suite);
      const add = { proposalType: "add" as const, add: { keyPackage: decodeKeyPackage(pair.publicBytes) } };
      const remove = { proposalType: "remove" as const, remove: { removed: 1 } };
      const fit = change(extensionsOfPolicy(policy));
      const tree = toMlsGroup(sender!.group).state.ratchetTree;
      for (const [forgery, fault] of [
        [{ proposals: [fit] }, "has no path"],
        [{ proposals: [fit, remove] }, "changed by itself"],
        [{ proposals: [add, fit], withoutPath: true }, "changed by itself"],
        [{ proposals: [fit, fit], withoutPath: true, tree }, "changed by itself"],
      ] as const) {
        const commit = await forgeCommit(sender!.group, { ...forgery, proposals: [...forgery.proposals] });
        await brokenRule(inspectCommit(commit), fault);
        await brokenRule(engine.applyCommit(judge!.group, commit, group.policy), fault);
      }
    });

    it("refuse one that takes the policy away, adds to it, or is malformed", async () => {
      const [sender, , judge] = group.seats;
      const [fit] = extensionsOfPolicy(policy);
      const outsiders = { extensionType: "external_senders" as const, extensionData: new Uint8Array() };
      const required = { extensionType: "required_capabilities" as const, extensionData: new Uint8Array(3) };
      const tree = toMlsGroup(sender!.group).state.ratchetTree;
      for (const extensions of [
        [],
        [outsiders],
        [required],
        [fit!, required],
        [fit!, fit!],
        [{ ...fit!, extensionType: 0xf002 }],
        [{ ...fit!, extensionData: fit!.extensionData.slice(1) }],
      ]) {
        const commit = await forgeCommit(sender!.group, { proposals: [change(extensions)], withoutPath: true, tree });
        await refusal(inspectCommit(commit), "commit-invalid");
        await refusal(engine.applyCommit(judge!.group, commit, group.policy), "commit-invalid");
      }
      await group.talk();
    });

    it("refuse a key package that does not know of policies, which nobody could add to a group", async () => {
      const identity = group.people.get("bob")!.addDevice();
      const mute = await forgeKeyPackage(identity, suite, {
        leaf: { capabilities: { ...ownCapabilities, extensions: [] } },
      });
      await refusal(inspectKeyPackage(publish(mute)), "key-package-invalid");
    });

    it("are needed: what the library makes of a policy and a Remove in one commit, it cannot follow itself", async () => {
      const { state, primitives } = toMlsGroup(group.seats[0]!.group);
      const judge = toMlsGroup(group.seats[2]!.group).state;
      const remove = { proposalType: "remove" as const, remove: { removed: 1 } };
      const isFollowed = async (extraProposals: Proposal[]) => {
        const options = { wireAsPublicMessage: true, extraProposals };
        const { commit } = await createCommit({ state, cipherSuite: primitives }, options);
        if (commit.wireformat !== "mls_public_message") throw new Error("not public");
        const attempt = processPublicMessage(judge, commit.publicMessage, emptyPskIndex, primitives);
        return attempt.then(
          () => true,
          () => false,
        );
      };
      const fit = change(extensionsOfPolicy(policy));
      expect(await isFollowed([remove])).to.equal(true);
      expect(await isFollowed([fit])).to.equal(true);
      expect(await isFollowed([remove, fit])).to.equal(false);
    });
  });
}

describe("the leaves after a commit", () => {
  it("are blanked by Removes, cut at the end, and filled from the left by Adds", () => {
    expect(nextLeaves(["a", "b", "c"], [1], [])).to.deep.equal(["a", null, "c"]);
    expect(nextLeaves(["a", "b", "c"], [2, 1], [])).to.deep.equal(["a"]);
    expect(nextLeaves(["a", "b", "c"], [1], ["d", "e"])).to.deep.equal(["a", "d", "c", "e"]);
    expect(nextLeaves(["a", null, null, "b"], [3], ["c"])).to.deep.equal(["a", "c"]);
    expect(nextLeaves([], [], ["a"])).to.deep.equal(["a"]);
  });
});

describe("a group id", () => {
  it("is conversation and generation, and nothing else is one", () => {
    const place = { conversation: newId<ConversationId>(), generation: 3 };
    const bytes = encodeGroupId(place);
    expect(decodeGroupId(bytes)).to.deep.equal(place);
    expect(() => decodeGroupId(bytes.slice(1))).to.throw();
    expect(() => decodeGroupId(new Uint8Array([...bytes, 0]))).to.throw();
    expect(() => decodeGroupId(new Uint8Array(20))).to.throw();
  });
});
