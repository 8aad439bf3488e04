import { createGroupInfoWithExternalPubAndRatchetTree, joinGroupExternal } from "ts-mls/createCommit.js";
import { encodeMlsMessage } from "ts-mls/message.js";
import { inspectCommit } from "../../src/identity/handshake.ts";
import { mlsGroupEngine as engine } from "../../src/crypto/mls-group-engine.ts";
import { decodeKeyPackage, decodePrivateKeyPackage } from "../../src/crypto/key-package.ts";
import { clientConfig } from "../../src/crypto/mls/configuration.ts";
import { toMlsGroup } from "../../src/crypto/mls/mls-group.ts";
import { generateSigningKeyPair } from "../../src/crypto/signing-key.ts";
import { extensionsOfPolicy } from "../../src/identity/group-policy.ts";
import { bothSuites } from "../support/direct-group.ts";
import { forgeCommit } from "../support/forged-commit.ts";
import { brokenRule, refusal } from "../support/refusal.ts";
import { RoleGroup, policyOf } from "../support/role-group.ts";

for (const suite of bothSuites) {
  describe(`attack 18: somebody outside a group commits, suite ${suite}`, () => {
    let group: RoleGroup;
    beforeEach(async () => {
      group = await RoleGroup.of(suite, { alice: 1, bob: 1 });
    });

    it("(18) refuses an external commit, even of an owner's further device", async () => {
      const { state, primitives } = toMlsGroup(group.seat("bob").group);
      const info = await createGroupInfoWithExternalPubAndRatchetTree(state, [], primitives);
      const outsider = group.people.get("alice")!.addDevice();
      const pair = await engine.createKeyPackage(outsider, suite);
      const keyPackage = decodeKeyPackage(pair.publicBytes);
      const keys = decodePrivateKeyPackage(pair.privateBytes, outsider.deviceSecretKey);
      const joined = await joinGroupExternal(info, keyPackage, keys, false, primitives, undefined, clientConfig);
      const { publicMessage } = joined;
      const commit = encodeMlsMessage({ version: "mls10", wireformat: "mls_public_message", publicMessage });
      await refusal(inspectCommit(commit), "commit-invalid");
      await refusal(engine.applyCommit(group.seat("bob").group, commit, group.policy), "commit-invalid");
      await group.talk();
    });

    it("(18) refuses a change of policy in an owner's name that another key signed", async () => {
      const extensions = extensionsOfPolicy(policyOf({ alice: "owner", bob: "owner" }));
      const commit = await forgeCommit(group.seat("alice").group, {
        proposals: [{ proposalType: "group_context_extensions", groupContextExtensions: { extensions } }],
        withoutPath: true,
        signWith: generateSigningKeyPair().secretKey,
      });
      await brokenRule(engine.applyCommit(group.seat("bob").group, commit, group.policy), "Signature");
      await group.talk();
    });

    it("(18) refuses a member's change of policy that names an owner as its sender", async () => {
      const extensions = extensionsOfPolicy(policyOf({ alice: "owner", bob: "owner" }));
      const carol = (await group.person("carol")).addDevice();
      await group.commit(group.seat("alice"), { add: [carol] });
      const commit = await forgeCommit(group.seat("bob").group, {
        proposals: [{ proposalType: "group_context_extensions", groupContextExtensions: { extensions } }],
        withoutPath: true,
        senderLeaf: group.leafOf(group.seat("alice").identity),
      });
      await brokenRule(engine.applyCommit(group.seat("carol").group, commit, group.policy), "Signature");
    });
  });
}
