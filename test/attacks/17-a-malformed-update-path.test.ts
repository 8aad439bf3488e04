import { expect } from "chai";
import { encodeCredential } from "../../src/identity/device-credential.ts";
import { decodeKeyPackage } from "../../src/crypto/key-package.ts";
import { mlsGroupEngine as engine } from "../../src/crypto/mls-group-engine.ts";
import { toMlsGroup } from "../../src/crypto/mls/mls-group.ts";
import { publicKeyOf } from "../../src/crypto/signing-key.ts";
import { certify } from "../support/account-with-devices.ts";
import { DirectGroup, bothSuites } from "../support/direct-group.ts";
import { forgeCommit } from "../support/forged-commit.ts";
import type { Forgery } from "../support/forged-commit.ts";
import { forgeKeyPackage } from "../support/forged-key-package.ts";
import { brokenRule, refusal } from "../support/refusal.ts";

for (const suite of bothSuites) {
  describe(`attack 17: an insider's malformed commit, suite ${suite}`, () => {
    let direct: DirectGroup;
    /** Alice's first device forges; her second and bob's two judge. */
    beforeEach(async () => {
      direct = await DirectGroup.of(suite, 2, 2);
      await direct.commit(direct.seats[3]!, {});
    });

    async function offer(forgery: Forgery, rule: string): Promise<void> {
      const commit = await forgeCommit(direct.seats[0]!.group, forgery);
      for (const judge of direct.seats.slice(1)) {
        await brokenRule(engine.applyCommit(judge.group, commit, direct.policy), rule);
      }
      await direct.talk();
    }

    const keyOf = async () => {
      const { primitives } = toMlsGroup(direct.seats[0]!.group);
      const { publicKey } = await primitives.hpke.generateKeyPair();
      return primitives.hpke.exportPublicKey(publicKey);
    };
    const leafAt = (leaf: number) => {
      const node = toMlsGroup(direct.seats[0]!.group).state.ratchetTree[leaf * 2];
      if (node?.nodeType !== "leaf") throw new Error("no leaf");
      return node.leaf;
    };

    it("(17) the forger's honest commit is taken: what follows is refused for its fault alone", async () => {
      const commit = await forgeCommit(direct.seats[0]!.group);
      for (const judge of direct.seats.slice(1)) {
        const applied = await engine.applyCommit(judge.group, commit, direct.policy);
        expect(applied.committer.leaf).to.equal(0);
        expect(applied.group.epoch).to.equal(judge.group.epoch + 1);
      }
    });

    it("(17) refuses a path that is too short", () =>
      offer({ path: (path) => ({ ...path, nodes: path.nodes.slice(1) }) }, "length of the filtered direct path"));

    it("(17) refuses a path that is too long", () =>
      offer(
        { path: (path) => ({ ...path, nodes: [...path.nodes, path.nodes[0]!] }) },
        "length of the filtered direct path",
      ));

    it("(17) refuses a path secret without a ciphertext for one reader, who is not the one that judges", () =>
      offer(
        {
          path: (path) => ({
            ...path,
            nodes: path.nodes.map((node) => ({ ...node, encryptedPathSecret: node.encryptedPathSecret.slice(0, -1) })),
          }),
        },
        "each reader of a path secret has a ciphertext",
      ));

    it("(17) refuses a path key whose private key the path secret does not give", async () => {
      const foreign = await keyOf();
      // Only the root is shared with everybody: each reader finds the foreign key there.
      const rule = "a private key fits the public key in the tree";
      await offer({ nodeKeys: (keys) => [...keys.slice(0, -1), foreign] }, rule);
    });

    it("(17) refuses a path key that stands in the tree already", async () => {
      const { ratchetTree } = toMlsGroup(direct.seats[0]!.group).state;
      const old = ratchetTree.find((node) => node?.nodeType === "parent");
      if (old?.nodeType !== "parent") throw new Error("no parent");
      await offer({ nodeKeys: (keys) => [...keys.slice(0, -1), old.parent.hpkePublicKey] }, "new keys only");
    });

    it("(17) refuses one key in two nodes of the path", () =>
      offer({ nodeKeys: (keys) => keys.map(() => keys[0]!) }, "new keys only"));

    it("(17) refuses a leaf with another leaf's encryption key", () =>
      offer({ leaf: { hpkePublicKey: leafAt(2).hpkePublicKey } }, "new keys only"));

    it("(17) refuses a leaf that keeps its encryption key", () =>
      offer({ leaf: { hpkePublicKey: leafAt(0).hpkePublicKey } }, "new keys only"));

    it("(17) refuses a wrong parent hash", () =>
      offer({ parentHash: new Uint8Array(32).fill(7) }, "Parent hash did not match"));

    it("(17) refuses a leaf signed by another key", () =>
      offer({ signLeafWith: direct.seats[1]!.identity.deviceSecretKey }, "leaf node signature"));

    it("(17) refuses a swapped credential: another device's, with that device's key", async () => {
      const other = leafAt(1);
      await offer(
        {
          leaf: { credential: other.credential, signaturePublicKey: other.signaturePublicKey },
          signLeafWith: direct.seats[1]!.identity.deviceSecretKey,
        },
        "keeps its credential and its signature key",
      );
    });

    it("(17) refuses a swapped credential: the own key under a new, valid certificate for another device", async () => {
      const deviceKey = publicKeyOf(direct.seats[0]!.identity.deviceSecretKey);
      const device = direct.bob.addDevice().device;
      const certificate = certify(direct.alice, { device, deviceKey, listVersion: 9 });
      const accountKey = direct.alice.accountKeys.publicKey;
      const identity = encodeCredential({ user: direct.alice.user, device, accountKey, certificate });
      await offer({ leaf: { credential: { credentialType: "basic", identity } } }, "keeps its credential");
    });

    it("(17) refuses a leaf that takes its capabilities back, which would block every later commit", () =>
      offer({ leaf: { capabilities: { ...leafAt(0).capabilities, extensions: [] } } }, "keeps its capabilities"));

    it("(17) refuses a new member with the encryption key of a present one", async () => {
      const joiner = direct.alice.addDevice();
      const keyPackage = await forgeKeyPackage(joiner, suite, { leaf: { hpkePublicKey: leafAt(2).hpkePublicKey } });
      const proposals = [{ proposalType: "add" as const, add: { keyPackage } }];
      await offer({ proposals, withoutPath: true }, "no node has another's key");
    });

    it("(17) refuses a new member with the init key of another's leaf", async () => {
      const joiner = direct.alice.addDevice();
      const keyPackage = await forgeKeyPackage(joiner, suite, { initKey: leafAt(2).hpkePublicKey });
      const proposals = [{ proposalType: "add" as const, add: { keyPackage } }];
      await offer({ proposals, withoutPath: true }, "no node has another's key");
    });

    it("(17) refuses a second leaf for a device that is a member", async () => {
      const twin = direct.bob.addDevice();
      const joiner = { ...twin, device: direct.seats[2]!.identity.device };
      const deviceKey = publicKeyOf(twin.deviceSecretKey);
      const certificate = certify(direct.bob, { device: joiner.device, deviceKey, listVersion: 9 });
      const pair = await engine.createKeyPackage({ ...joiner, certificate }, suite);
      const keyPackage = decodeKeyPackage(pair.publicBytes);
      await offer({ proposals: [{ proposalType: "add", add: { keyPackage } }] }, "a device has one leaf");
    });

    it("(17) refuses a Remove without a path, which would leave the removed one inside", async () => {
      const commit = await forgeCommit(direct.seats[0]!.group, {
        proposals: [{ proposalType: "remove", remove: { removed: 1 } }],
        withoutPath: true,
      });
      await brokenRule(engine.applyCommit(direct.seats[2]!.group, commit, direct.policy), "a path is due");
    });

    it("(17) refuses every byte of a commit flipped, and the group goes on", async () => {
      const commit = await forgeCommit(direct.seats[0]!.group);
      for (let at = 0; at < commit.length; at += 97) {
        const damaged = commit.slice();
        damaged[at]! ^= 1;
        await refusal(engine.applyCommit(direct.seats[2]!.group, damaged, direct.policy), "commit-invalid");
      }
      await direct.talk();
    });
  });
}
