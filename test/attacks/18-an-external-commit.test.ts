import { expect } from "chai";
import { createGroupInfoWithExternalPubAndRatchetTree, joinGroupExternal } from "ts-mls/createCommit.js";
import { proposeAddExternal } from "ts-mls/externalProposal.js";
import { encodeMlsMessage } from "ts-mls/message.js";
import { processPublicMessage } from "ts-mls/processMessages.js";
import { emptyPskIndex } from "ts-mls/pskIndex.js";
import { inspectCommit } from "../../src/identity/handshake.ts";
import { mlsGroupEngine as engine } from "../../src/crypto/mls-group-engine.ts";
import { decodeKeyPackage, decodePrivateKeyPackage } from "../../src/crypto/key-package.ts";
import { clientConfig } from "../../src/crypto/mls/configuration.ts";
import { toMlsGroup } from "../../src/crypto/mls/mls-group.ts";
import { DirectGroup, bothSuites } from "../support/direct-group.ts";
import { refusal } from "../support/refusal.ts";

for (const suite of bothSuites) {
  describe(`attack 18: somebody outside commits, suite ${suite}`, () => {
    it("(18) refuses an external commit, though a member gave the group's information away and the device is certified", async () => {
      const direct = await DirectGroup.of(suite, 1, 1);
      const { state, primitives } = toMlsGroup(direct.seats[0]!.group);
      const info = await createGroupInfoWithExternalPubAndRatchetTree(state, [], primitives);
      const outsider = direct.bob.addDevice();
      const pair = await engine.createKeyPackage(outsider, suite);
      const keyPackage = decodeKeyPackage(pair.publicBytes);
      const privateKeys = decodePrivateKeyPackage(pair.privateBytes, outsider.deviceSecretKey);
      const joined = await joinGroupExternal(info, keyPackage, privateKeys, false, primitives, undefined, clientConfig);
      const { publicMessage } = joined;
      const library = await processPublicMessage(
        toMlsGroup(direct.seats[1]!.group).state,
        publicMessage,
        emptyPskIndex,
        primitives,
      );
      expect(library.newState.groupContext.epoch, "the library alone takes it").to.equal(2n);
      const commit = encodeMlsMessage({ version: "mls10", wireformat: "mls_public_message", publicMessage });
      await refusal(inspectCommit(commit), "commit-invalid");
      await refusal(engine.applyCommit(direct.seats[1]!.group, commit, direct.policy), "commit-invalid");
      await direct.talk();
    });

    it("(18) refuses a newcomer's proposal to add itself", async () => {
      const direct = await DirectGroup.of(suite, 1, 1);
      const { state, primitives } = toMlsGroup(direct.seats[0]!.group);
      const outsider = direct.bob.addDevice();
      const pair = await engine.createKeyPackage(outsider, suite);
      const keyPackage = decodeKeyPackage(pair.publicBytes);
      const privateKeys = decodePrivateKeyPackage(pair.privateBytes, outsider.deviceSecretKey);
      const info = await createGroupInfoWithExternalPubAndRatchetTree(state, [], primitives);
      const proposal = await proposeAddExternal(info, keyPackage, privateKeys, primitives);
      await refusal(
        engine.applyCommit(direct.seats[1]!.group, encodeMlsMessage(proposal), direct.policy),
        "commit-invalid",
      );
      await direct.talk();
    });
  });
}
