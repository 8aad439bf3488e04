import { expect } from "chai";
import { createCommit } from "ts-mls/createCommit.js";
import { initializeEpoch } from "ts-mls/keySchedule.js";
import { nextEpochContext } from "ts-mls/clientState.js";
import { decodeMlsMessage } from "ts-mls/message.js";
import { mlsGroupEngine as engine } from "../../src/crypto/mls-group-engine.ts";
import { toMlsGroup } from "../../src/crypto/mls/mls-group.ts";
import type { Seat } from "../support/direct-group.ts";
import { DirectGroup, bothSuites } from "../support/direct-group.ts";
import { refusal } from "../support/refusal.ts";

const text = new TextEncoder().encode("not for who left");

for (const suite of bothSuites) {
  describe(`attack 7: a removed device reads on, suite ${suite}`, () => {
    async function without(removed: Seat, direct: DirectGroup): Promise<void> {
      expect(direct.seats).to.not.include(removed);
      await direct.talk();
      for (const sender of direct.seats) {
        const sealed = await engine.seal(sender.group, text, new Uint8Array());
        await refusal(engine.open(removed.group, sealed.ciphertext), "undecryptable");
        const secret = await engine.exportSecret(sender.group, "any", new Uint8Array(), 32);
        const { keySchedule } = toMlsGroup(sender.group).state;
        const known = Object.values(toMlsGroup(removed.group).state.keySchedule).map((key) => key.join());
        for (const key of [secret, ...Object.values(keySchedule)]) expect(known).to.not.include(key.join());
      }
      await refusal(engine.prepareCommit(removed.group, {}), "not-a-member");
      await refusal(engine.seal(removed.group, text, new Uint8Array()), "not-a-member");
    }

    it("(7) opens nothing after a single Remove, nor after later commits", async () => {
      const direct = await DirectGroup.of(suite, 2, 2);
      const removed = direct.seats[1]!;
      await direct.commit(direct.seats[0]!, { remove: [removed.identity] });
      await without(removed, direct);
      const next = await direct.commit(direct.seats[1]!, {});
      await refusal(engine.applyCommit(removed.group, next, direct.policy), "not-a-member");
      await without(removed, direct);
    });

    it("(7) opens nothing after a Remove and an Add in one commit, which gives its leaf away", async () => {
      const direct = await DirectGroup.of(suite, 2, 2);
      const removed = direct.seats[1]!;
      const leaf = removed.group.ownLeaf;
      const joiner = direct.alice.addDevice();
      await direct.commit(direct.seats[0]!, { remove: [removed.identity], add: [joiner] });
      expect(direct.leafOf(joiner)).to.equal(leaf);
      await without(removed, direct);
    });

    it("(7) is told that it was removed, by a device that still is a member", async () => {
      const direct = await DirectGroup.of(suite, 2, 1);
      const removed = direct.seats[1]!;
      const { commit } = await engine.prepareCommit(direct.seats[0]!.group, { remove: [removed.group.ownLeaf] });
      const applied = await engine.applyCommit(removed.group, commit, direct.policy);
      expect(applied.selfRemoved).to.equal(true);
      expect(applied.removed.map((member) => member.device)).to.deep.equal([removed.identity.device]);
      const forged = commit.slice();
      forged[forged.length - 1]! ^= 1;
      await refusal(engine.applyCommit(removed.group, forged, direct.policy), "commit-invalid");
    });

    it("(7) cannot compute the epoch of the one who is left alone, nor the one after it", async () => {
      const direct = await DirectGroup.of(suite, 2, 0);
      const [founder, removed] = [direct.seats[0]!, direct.seats[1]!];
      const commit = await direct.commit(founder, { remove: [removed.identity] });
      // What the library's commit secret of zeros lets the removed one compute.
      const { state, primitives } = toMlsGroup(removed.group);
      const message = decodeMlsMessage(commit, 0)![0];
      if (message.wireformat !== "mls_public_message" || message.publicMessage.content.contentType !== "commit") {
        throw new Error("not a commit");
      }
      const { content, auth } = message.publicMessage;
      const { treeHash } = toMlsGroup(founder.group).state.groupContext;
      const tag = state.confirmationTag;
      const context = await nextEpochContext(
        state.groupContext,
        "mls_public_message",
        content,
        auth.signature,
        treeHash,
        tag,
        primitives.hash,
      );
      const zeros = new Uint8Array(primitives.kdf.size);
      const guess = await initializeEpoch(state.keySchedule.initSecret, zeros, context, zeros, primitives.kdf);
      const { keySchedule } = toMlsGroup(founder.group).state;
      for (const [name, secret] of Object.entries(guess.keySchedule)) {
        expect(keySchedule[name as keyof typeof keySchedule], name).to.not.deep.equal(secret);
      }
      await direct.commit(founder, { add: [direct.bob.addDevice()] });
      await without(removed, direct);
    });

    it("(7) the library alone would let it: the defence is needed", async () => {
      const direct = await DirectGroup.of(suite, 2, 0);
      const { state, primitives } = toMlsGroup(direct.seats[0]!.group);
      const proposal = { proposalType: "remove" as const, remove: { removed: 1 } };
      const options = { wireAsPublicMessage: true, extraProposals: [proposal] };
      const { newState, commit } = await createCommit({ state, cipherSuite: primitives }, options);
      if (commit.wireformat !== "mls_public_message") throw new Error("not public");
      const zeros = new Uint8Array(primitives.kdf.size);
      const { initSecret } = toMlsGroup(direct.seats[1]!.group).state.keySchedule;
      const guess = await initializeEpoch(initSecret, zeros, newState.groupContext, zeros, primitives.kdf);
      expect(guess.keySchedule.initSecret).to.deep.equal(newState.keySchedule.initSecret);
    });

    it("(7) reads again once it is added again, and nothing from between", async () => {
      const direct = await DirectGroup.of(suite, 2, 1);
      const removed = direct.seats[1]!;
      await direct.commit(direct.seats[0]!, { remove: [removed.identity] });
      const between = await engine.seal(direct.seats[0]!.group, text, new Uint8Array());
      direct.seats[0]!.group = between.group;
      await direct.commit(direct.seats[0]!, { add: [removed.identity] });
      await direct.talk();
      await refusal(engine.open(direct.seatOf(removed.identity).group, between.ciphertext), "undecryptable");
    });
  });
}
