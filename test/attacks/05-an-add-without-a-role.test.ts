import { expect } from "chai";
import type { Proposal } from "ts-mls/proposal.js";
import { decodeKeyPackage } from "../../src/crypto/key-package.ts";
import { mlsGroupEngine as engine } from "../../src/crypto/mls-group-engine.ts";
import { generateSigningKeyPair } from "../../src/crypto/signing-key.ts";
import type { DeviceIdentity } from "../../src/crypto/group-engine.ts";
import type { Role } from "../../src/identity/group-policy.ts";
import { extensionsOfPolicy } from "../../src/identity/group-policy.ts";
import { newId } from "../../src/protocol/ids.ts";
import type { DeviceId } from "../../src/protocol/ids.ts";
import { AccountWithDevices, certify } from "../support/account-with-devices.ts";
import { bothSuites } from "../support/direct-group.ts";
import { forgeCommit } from "../support/forged-commit.ts";
import { brokenRule, refusal } from "../support/refusal.ts";
import { RoleGroup, policyOf } from "../support/role-group.ts";

const roles: Record<string, Role> = { alice: "owner", bob: "admin" };

for (const suite of bothSuites) {
  describe(`attack 5: a member does what its role does not allow, suite ${suite}`, () => {
    let group: RoleGroup;
    /** Mallory has two devices, no role, and forges; everybody else judges. */
    beforeEach(async () => {
      group = await RoleGroup.of(suite, { alice: 1, bob: 1, carol: 2, mallory: 2 }, roles);
    });

    /** Every member and the node refuse it, for this rule, and the group goes on. */
    async function offer(name: string, proposals: Proposal[], rule: string, withoutPath = false): Promise<void> {
      const by = group.seat(name);
      const commit = await forgeCommit(by.group, { proposals, withoutPath });
      for (const judge of group.seats) {
        if (judge !== by) await brokenRule(engine.applyCommit(judge.group, commit, group.policy), rule);
      }
      await brokenRule(group.node.take(commit, by.identity, suite), rule);
      await group.talk();
    }

    async function addition(identity: DeviceIdentity): Promise<Proposal> {
      const pair = await engine.createKeyPackage(identity, suite);
      return { proposalType: "add", add: { keyPackage: decodeKeyPackage(pair.publicBytes) } };
    }
    const removal = ({ device }: DeviceIdentity): Proposal => ({
      proposalType: "remove",
      remove: { removed: group.node.leaves.findIndex((leaf) => leaf?.device === device) },
    });
    const becomes = (changed: Record<string, Role>): Proposal => ({
      proposalType: "group_context_extensions",
      groupContextExtensions: { extensions: extensionsOfPolicy(policyOf(changed)) },
    });

    it("(5) refuses that a member adds a user, alone, beside its own device, or in the place of who has left", async () => {
      const add = await addition((await group.person("eve")).addDevice());
      await offer("mallory", [add], "owners and admins add users", true);
      await offer("mallory", [add], "owners and admins add users");
      const own = await addition(group.people.get("mallory")!.addDevice());
      await offer("mallory", [own, add], "owners and admins add users");
      group.setLeavers("carol");
      const commit = await forgeCommit(group.seat("mallory").group, {
        proposals: [...group.devices("carol").map(removal), add],
      });
      const attempt = engine.applyCommit(group.seat("alice").group, commit, group.policy);
      await brokenRule(attempt, "owners and admins add users");
    });

    it("(5) takes the same from an admin: it is the role that decides", async () => {
      const commit = await forgeCommit(group.seat("bob").group, {
        proposals: [await addition((await group.person("eve")).addDevice())],
      });
      const { added } = await engine.applyCommit(group.seat("mallory").group, commit, group.policy);
      expect(added.map(({ user }) => user)).to.deep.equal(["eve"]);
    });

    it("(5) refuses that a member makes itself an admin or an owner, or everybody else a member", async () => {
      for (const wanted of [
        { ...roles, mallory: "admin" },
        { ...roles, mallory: "owner" },
        { mallory: "owner" },
        { alice: "owner" },
      ] as Record<string, Role>[]) {
        await offer("mallory", [becomes(wanted)], "owners and admins change the policy", true);
      }
    });

    it("(5) refuses that an admin makes admins, or touches an owner", async () => {
      const rule = "owners make and unmake owners and admins";
      for (const wanted of [
        { ...roles, mallory: "admin" },
        { alice: "owner", bob: "owner" },
        { alice: "admin", bob: "owner" },
        { bob: "owner" },
      ] as Record<string, Role>[]) {
        await offer("bob", [becomes(wanted)], rule, true);
      }
      await offer("bob", group.devices("alice").map(removal), "a role is taken away before its user is removed");
    });

    it("(5) refuses that a demoted admin adds a user, by the policy that was", async () => {
      await group.changePolicy(group.seat("alice"), policyOf({ alice: "owner" }));
      const add = await addition((await group.person("eve")).addDevice());
      await offer("bob", [add], "owners and admins add users");
    });

    it("(5) refuses that a member removes others, whole or a device, and that an admin leaves one device inside", async () => {
      const carols = group.devices("carol").map(removal);
      const rule = "owners and admins remove users, everybody removes who has left";
      await offer("mallory", carols, rule);
      await offer("mallory", carols.slice(1), rule);
      await offer("bob", carols.slice(1), "a user is removed with all devices");
    });

    it("(5) refuses another key for a device that is removed and added at once", async () => {
      const [lost] = group.devices("carol");
      const keys = generateSigningKeyPair();
      const { accountKeys, user } = group.people.get("carol")!;
      const listed = { device: lost!.device, deviceKey: keys.publicKey, listVersion: 9 };
      const certificate = certify(group.people.get("carol")!, listed);
      const { publicKey: accountKey } = accountKeys;
      const swapped = { user, device: lost!.device, accountKey, certificate, deviceSecretKey: keys.secretKey };
      const proposals = [removal(lost!), await addition(swapped)];
      await offer("mallory", proposals, "owners and admins remove users");
      await offer(
        "carol",
        [removal(group.devices("carol")[1]!), await addition(await renamed(1))],
        "has the key it had",
      );
    });

    /** Carol's device under its own id, with another key that her account certifies. */
    async function renamed(index: number): Promise<DeviceIdentity> {
      const carol = group.people.get("carol")!;
      const { device } = group.devices("carol")[index]!;
      const keys = generateSigningKeyPair();
      const certificate = certify(carol, { device, deviceKey: keys.publicKey, listVersion: 9 });
      const { publicKey: accountKey } = carol.accountKeys;
      return { user: carol.user, device, accountKey, certificate, deviceSecretKey: keys.secretKey };
    }

    it("(5) refuses a ghost: a device in a member's name that its account has not certified, from an owner too", async () => {
      const keys = generateSigningKeyPair();
      const { user, accountKeys } = group.people.get("carol")!;
      const listed = { device: newId<DeviceId>(), deviceKey: keys.publicKey, listVersion: 9 };
      const certificate = certify(group.people.get("carol")!, listed, generateSigningKeyPair().secretKey);
      const { publicKey: accountKey } = accountKeys;
      const ghost = { user, device: listed.device, accountKey, certificate, deviceSecretKey: keys.secretKey };
      const proposals = [await addition(ghost)];
      for (const name of ["alice", "mallory"]) {
        const commit = await forgeCommit(group.seat(name).group, { proposals });
        await refusal(group.node.take(commit, group.seat(name).identity, suite), "commit-invalid");
        const judge = group.seat("carol").group;
        await refusal(engine.applyCommit(judge, commit, group.policy), "commit-invalid");
      }
    });

    it("(5) refuses a member's device under another account key, and another user under a member's", async () => {
      const second = await AccountWithDevices.of("carol");
      const proposals = [await addition(second.addDevice())];
      const commit = await forgeCommit(group.seat("alice").group, { proposals });
      const judge = group.seat("mallory").group;
      await brokenRule(engine.applyCommit(judge, commit, group.policy), "who starts over is replaced with all devices");
      const eve = await group.person("eve");
      const keys = generateSigningKeyPair();
      const { publicKey: accountKey, secretKey } = group.people.get("carol")!.accountKeys;
      const listed = { device: newId<DeviceId>(), deviceKey: keys.publicKey, listVersion: 1 };
      const shared = {
        user: eve.user,
        accountKey,
        certificate: certify(eve, listed, secretKey),
        device: listed.device,
      };
      const sharing = await addition({ ...shared, deviceSecretKey: keys.secretKey });
      const other = await forgeCommit(group.seat("alice").group, { proposals: [sharing] });
      await brokenRule(engine.applyCommit(judge, other, group.policy), "two users have two account keys");
    });
  });
}
