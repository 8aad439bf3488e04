import { expect } from "chai";
import { signAck } from "../../src/crypto/device-key.ts";
import { mlsGroupEngine as engine } from "../../src/crypto/mls-group-engine.ts";
import type { Group } from "../../src/crypto/group-engine.ts";
import { toMlsGroup } from "../../src/crypto/mls/mls-group.ts";
import { publicKeyOf } from "../../src/crypto/signing-key.ts";
import { verifyAck } from "../../src/identity/ack.ts";
import { logHashStart } from "../../src/identity/log-hash.ts";
import { bothSuites } from "../support/direct-group.ts";
import { refusal } from "../support/refusal.ts";
import { RoleGroup, policyOf } from "../support/role-group.ts";

const text = new TextEncoder().encode("who else reads this?");

for (const suite of bothSuites) {
  describe(`attack 22: two commits for one epoch are shown to different members, suite ${suite}`, () => {
    let group: RoleGroup;
    beforeEach(async () => {
      group = await RoleGroup.of(suite, { alice: 1, bob: 1, carol: 1, dave: 1 }, { alice: "owner", bob: "owner" });
    });
    type Changes = Parameters<typeof engine.prepareCommit>[1];

    /** Carol is shown alice's commit, dave bob's. */
    async function fork(ofAlice: Changes, ofBob: Changes): Promise<[carol: Group, dave: Group]> {
      const show = async (committer: string, changes: Changes, member: string) => {
        const { commit } = await engine.prepareCommit(group.seat(committer).group, changes);
        return (await engine.applyCommit(group.seat(member).group, commit, group.policy)).group;
      };
      return [await show("alice", ofAlice, "carol"), await show("bob", ofBob, "dave")];
    }

    const forks: [string, () => Changes, () => Changes][] = [
      ["two self-updates", () => ({}), () => ({})],
      [
        "two changes of policy to the same",
        () => ({ policy: policyOf({ alice: "owner", bob: "owner" }, { history: "off" }) }),
        () => ({ policy: policyOf({ alice: "owner", bob: "owner" }, { history: "off" }) }),
      ],
      [
        "two changes of policy to different ones",
        () => ({ policy: policyOf({ alice: "owner" }) }),
        () => ({ policy: policyOf({ bob: "owner" }) }),
      ],
    ];
    for (const [name, ofAlice, ofBob] of forks) {
      it(`(22) shows in transcript, authenticator and every secret after ${name}`, async () => {
        const [carol, dave] = await fork(ofAlice(), ofBob());
        expect(carol.epoch).to.equal(dave.epoch);
        expect(carol.transcriptHash).to.not.deep.equal(dave.transcriptHash);
        const [ofCarol, ofDave] = [toMlsGroup(carol).state.keySchedule, toMlsGroup(dave).state.keySchedule];
        for (const key of Object.keys(ofCarol) as (keyof typeof ofCarol)[]) {
          expect(ofCarol[key], key).to.not.deep.equal(ofDave[key]);
        }
      });
    }

    it("(22) keeps the two apart: nobody opens or follows what comes from the other side", async () => {
      const [carol, dave] = await fork({}, {});
      const { ciphertext } = await engine.seal(carol, text, new Uint8Array());
      await refusal(engine.open(dave, ciphertext), "undecryptable");
      const { commit } = await engine.prepareCommit(carol, {});
      await refusal(engine.applyCommit(dave, commit, group.policy), "commit-invalid");
    });

    it("(22) shows in their acks: no log hash of one side fits the other's", async () => {
      const [carol, dave] = await fork({}, {});
      const startOf = ({ conversation, generation, epoch, transcriptHash }: Group) =>
        logHashStart({ conversation, generation, epoch, sequence: 9, transcriptHash });
      const ack = { conversation: carol.conversation, sequence: 9, logHash: startOf(carol), unopened: [] };
      const { deviceSecretKey } = group.seat("carol").identity;
      const signature = signAck(deviceSecretKey, ack);
      expect(verifyAck(ack, signature, publicKeyOf(deviceSecretKey))).to.equal(true);
      expect(verifyAck({ ...ack, logHash: startOf(dave) }, signature, publicKeyOf(deviceSecretKey))).to.equal(false);
    });

    it("(22) takes one commit per epoch: the second is refused by whoever has followed the first", async () => {
      const [first, second] = [
        await engine.prepareCommit(group.seat("alice").group, {}),
        await engine.prepareCommit(group.seat("bob").group, {}),
      ];
      const { group: after } = await engine.applyCommit(group.seat("carol").group, first.commit, group.policy);
      await refusal(engine.applyCommit(after, second.commit, group.policy), "commit-invalid");
    });
  });
}
