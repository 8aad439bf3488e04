import { expect } from "chai";
import type { KeyPackage } from "ts-mls/keyPackage.js";
import { signKeyPackage } from "ts-mls/keyPackage.js";
import { addLeafNode } from "ts-mls/ratchetTree.js";
import { inspectCommit, inspectKeyPackage } from "../../src/identity/handshake.ts";
import { mlsGroupEngine as engine } from "../../src/crypto/mls-group-engine.ts";
import { decodeKeyPackage } from "../../src/crypto/key-package.ts";
import { suiteImplementation } from "../../src/crypto/provider.ts";
import { toMlsGroup } from "../../src/crypto/mls/mls-group.ts";
import type { DeviceIdentity } from "../../src/crypto/group-engine.ts";
import { DirectGroup, bothSuites } from "../support/direct-group.ts";
import { forgeCommit } from "../support/forged-commit.ts";
import { forgeKeyPackage, publish } from "../support/forged-key-package.ts";
import { refusal } from "../support/refusal.ts";

for (const suite of bothSuites) {
  describe(`attack 15: the server swaps a KEM key, suite ${suite}`, () => {
    let direct: DirectGroup;
    let victim: DeviceIdentity;
    let [honest, servers]: KeyPackage[] = [];
    beforeEach(async () => {
      direct = await DirectGroup.of(suite, 1, 1);
      victim = direct.bob.addDevice();
      honest = decodeKeyPackage((await engine.createKeyPackage(victim, suite)).publicBytes);
      servers = decodeKeyPackage((await engine.createKeyPackage(direct.alice.addDevice(), suite)).publicBytes);
    });

    async function refusedEverywhere(swapped: KeyPackage): Promise<void> {
      await refusal(inspectKeyPackage(publish(swapped)), "key-package-invalid");
      const add = [publish(swapped)];
      await refusal(engine.prepareCommit(direct.seats[0]!.group, { add }), "key-package-invalid");
      const proposals = [{ proposalType: "add" as const, add: { keyPackage: swapped } }];
      const [tree] = addLeafNode(toMlsGroup(direct.seats[0]!.group).state.ratchetTree, swapped.leafNode);
      const commit = await forgeCommit(direct.seats[0]!.group, { proposals, tree, withoutPath: true });
      await refusal(inspectCommit(commit), "commit-invalid");
      await refusal(engine.applyCommit(direct.seats[1]!.group, commit, direct.policy), "commit-invalid");
    }

    it("(15) refuses another init key in a signed key package", () =>
      refusedEverywhere({ ...honest!, initKey: servers!.initKey }));

    it("(15) refuses another encryption key in a signed leaf", () => {
      const leafNode = { ...honest!.leafNode, hpkePublicKey: servers!.leafNode.hpkePublicKey };
      return refusedEverywhere({ ...honest!, leafNode });
    });

    it("(15) refuses a leaf that is not signed, though the key package around it is", async () => {
      const { signature } = await suiteImplementation(suite);
      const leafNode = { ...honest!.leafNode, signature: servers!.leafNode.signature };
      await refusedEverywhere(await signKeyPackage({ ...honest!, leafNode }, victim.deviceSecretKey, signature));
    });

    it("(15) refuses a leaf of the server's making under the victim's key package signature", () =>
      refusedEverywhere({ ...honest!, leafNode: servers!.leafNode }));

    it("(15) refuses a key of the wrong size, and one key for both purposes, though the device signed it", async () => {
      await refusedEverywhere(await forgeKeyPackage(victim, suite, { initKey: new Uint8Array(33).fill(9) }));
      await refusedEverywhere(
        await forgeKeyPackage(victim, suite, { leaf: { hpkePublicKey: new Uint8Array(1).fill(9) } }),
      );
      const { hpkePublicKey } = honest!.leafNode;
      await refusedEverywhere(
        await forgeKeyPackage(victim, suite, { initKey: hpkePublicKey, leaf: { hpkePublicKey } }),
      );
    });

    it("(15) a key package that nobody touched is taken", async () => {
      const inspected = await inspectKeyPackage(publish(honest!));
      expect(inspected.credential.device).to.equal(victim.device);
      expect(
        (await engine.prepareCommit(direct.seats[0]!.group, { add: [publish(honest!)] })).next.members,
      ).to.have.length(3);
    });
  });
}
