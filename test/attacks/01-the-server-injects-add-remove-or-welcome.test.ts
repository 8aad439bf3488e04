import { expect } from "chai";
import { createProposal } from "ts-mls/createMessage.js";
import { encodeMlsMessage } from "ts-mls/message.js";
import { mlsGroupEngine as engine } from "../../src/crypto/mls-group-engine.ts";
import { toMlsGroup } from "../../src/crypto/mls/mls-group.ts";
import { decodeKeyPackage } from "../../src/crypto/key-package.ts";
import { generateSigningKeyPair } from "../../src/crypto/signing-key.ts";
import { AccountWithDevices, certify } from "../support/account-with-devices.ts";
import { DirectGroup, bothSuites } from "../support/direct-group.ts";
import { forgeCommit } from "../support/forged-commit.ts";
import { brokenRule, refusal } from "../support/refusal.ts";

for (const suite of bothSuites) {
  describe(`attack 1: the server injects an Add, a Remove or a Welcome, suite ${suite}`, () => {
    let direct: DirectGroup;
    beforeEach(async () => {
      direct = await DirectGroup.of(suite, 2, 1);
    });
    const bobJudges = (commit: Uint8Array) => engine.applyCommit(direct.seats[2]!.group, commit, direct.policy);
    const removal = { proposalType: "remove" as const, remove: { removed: 1 } };

    async function addition(account: AccountWithDevices) {
      const pair = await engine.createKeyPackage(account.addDevice(), suite);
      return { proposalType: "add" as const, add: { keyPackage: decodeKeyPackage(pair.publicBytes) } };
    }

    it("(1) refuses a Remove in a member's name that another key signed", async () => {
      const signWith = generateSigningKeyPair().secretKey;
      await brokenRule(
        bobJudges(await forgeCommit(direct.seats[0]!.group, { proposals: [removal], signWith })),
        "Signature",
      );
    });

    it("(1) refuses an Add in a member's name that another key signed", async () => {
      const signWith = generateSigningKeyPair().secretKey;
      const proposals = [await addition(direct.alice)];
      await brokenRule(bobJudges(await forgeCommit(direct.seats[0]!.group, { proposals, signWith })), "Signature");
    });

    it("(1) refuses a member's own commit under a membership tag that is not the group's", async () => {
      const membershipKey = new Uint8Array(32).fill(1);
      const commit = await forgeCommit(direct.seats[0]!.group, { proposals: [removal], membershipKey });
      await brokenRule(bobJudges(commit), "Could not verify membership");
    });

    it("(1) refuses a commit that names another member as its sender", async () => {
      const commit = await forgeCommit(direct.seats[0]!.group, { senderLeaf: 1 });
      await refusal(bobJudges(commit), "commit-invalid");
    });

    it("(1) refuses a commit of another conversation, of another generation, and of an epoch that is over", async () => {
      const other = await DirectGroup.of(suite, 2, 1);
      await brokenRule(bobJudges(await forgeCommit(other.seats[0]!.group)), "for this group and epoch");
      const old = await forgeCommit(direct.seats[0]!.group);
      await direct.commit(direct.seats[1]!, {});
      await brokenRule(bobJudges(old), "for this group and epoch");
    });

    it("(1) refuses a proposal that stands alone, and the group can still send", async () => {
      const { state, primitives } = toMlsGroup(direct.seats[0]!.group);
      const { message } = await createProposal(state, true, removal, primitives);
      await refusal(bobJudges(encodeMlsMessage(message)), "commit-invalid");
      await refusal(engine.open(direct.seats[2]!.group, encodeMlsMessage(message)), "undecryptable");
      await direct.talk();
    });

    it("(1) refuses a third user, whoever commits it", async () => {
      const mallory = await AccountWithDevices.of("mallory");
      const commit = await forgeCommit(direct.seats[0]!.group, { proposals: [await addition(mallory)] });
      await brokenRule(bobJudges(commit), "only the two users");
    });

    it("(1) refuses that alice removes bob's device", async () => {
      const proposals = [{ proposalType: "remove" as const, remove: { removed: 2 } }];
      const commit = await forgeCommit(direct.seats[0]!.group, { proposals });
      const judge = direct.seats[1]!.group;
      await brokenRule(engine.applyCommit(judge, commit, direct.policy), "removes its own user's devices");
    });

    it("(1) refuses a Welcome into a group of somebody whose certificate is not by the account key it names", async () => {
      const joiner = direct.alice.addDevice();
      const pair = await engine.createKeyPackage(joiner, suite);
      const keys = generateSigningKeyPair();
      const device = direct.seats[2]!.identity.device;
      const listed = { device, deviceKey: keys.publicKey, listVersion: 1 };
      const certificate = certify(direct.bob, listed, generateSigningKeyPair().secretKey);
      const accountKey = direct.bob.accountKeys.publicKey;
      const ghost = { user: direct.bob.user, device, accountKey, certificate, deviceSecretKey: keys.secretKey };
      const place = { conversation: direct.seats[0]!.group.conversation, generation: 1, suite };
      const group = await engine.createGroup(ghost, place);
      const { welcome } = await engine.prepareCommit(group, { add: [pair.publicBytes] });
      await refusal(engine.joinGroup(joiner, welcome!, pair, direct.policy), "undecryptable");
    });

    it("(1) refuses a Welcome into a group with a third user, and shows whose account keys it found", async () => {
      const joiner = direct.alice.addDevice();
      const founders = [await AccountWithDevices.of("mallory"), await AccountWithDevices.of("bob")];
      const place = { conversation: direct.seats[0]!.group.conversation, generation: 1, suite };
      const [pair, second] = [
        await engine.createKeyPackage(joiner, suite),
        await engine.createKeyPackage(joiner, suite),
      ];
      const byMallory = await engine.createGroup(founders[0]!.addDevice(), place);
      const { welcome } = await engine.prepareCommit(byMallory, { add: [pair.publicBytes] });
      await refusal(engine.joinGroup(joiner, welcome!, pair, direct.policy), "undecryptable");
      // A bob of the server's own making is consistent in itself: the pin decides, and it can, as his key is shown.
      const byFalseBob = await engine.createGroup(founders[1]!.addDevice(), place);
      const invitation = await engine.prepareCommit(byFalseBob, { add: [second.publicBytes] });
      const joined = await engine.joinGroup(joiner, invitation.welcome!, second, direct.policy);
      const shown = joined.members.find((member) => member.user === "bob")!.accountKey;
      expect(shown).to.deep.equal(founders[1]!.accountKeys.publicKey);
      expect(shown).to.not.deep.equal(direct.bob.accountKeys.publicKey);
    });

    it("(1) refuses a Welcome that another device's key package is for", async () => {
      const [joiner, other] = [direct.alice.addDevice(), direct.alice.addDevice()];
      const pair = await engine.createKeyPackage(joiner, suite);
      const { welcome } = await engine.prepareCommit(direct.seats[0]!.group, { add: [pair.publicBytes] });
      const foreign = await engine.createKeyPackage(other, suite);
      await refusal(engine.joinGroup(other, welcome!, foreign, direct.policy), "undecryptable");
    });
  });
}
