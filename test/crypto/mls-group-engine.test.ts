import { expect } from "chai";
import { mlsGroupEngine as engine } from "../../src/crypto/mls-group-engine.ts";
import { toMlsGroup } from "../../src/crypto/mls/mls-group.ts";
import { decodeKeyPackage, keyPackageLifetime } from "../../src/crypto/key-package.ts";
import { DirectGroup, bothSuites } from "../support/direct-group.ts";
import { forgeCommit } from "../support/forged-commit.ts";
import { refusal } from "../support/refusal.ts";

const text = new TextEncoder().encode("hello");
const isZero = (bytes: Uint8Array) => bytes.every((byte) => byte === 0);

for (const suite of bothSuites) {
  describe(`the group engine, suite ${suite}`, () => {
    it("founds a group of one at epoch 0, which has no transcript yet", async () => {
      const direct = await DirectGroup.of(suite, 1, 0);
      const { group, identity } = direct.seats[0]!;
      expect(group).to.include({ generation: 1, epoch: 0, suite, ownLeaf: 0 });
      expect(group.members.map((member) => member.device)).to.deep.equal([identity.device]);
    });

    it("seals to everybody and shows the sender as the group has it", async () => {
      const direct = await DirectGroup.of(suite, 2, 2);
      const [sender, reader] = [direct.seats[0]!, direct.seats[3]!];
      const sealed = await engine.seal(sender.group, text, new Uint8Array([7]));
      const opened = await engine.open(reader.group, sealed.ciphertext);
      expect(opened.plaintext).to.deep.equal(text);
      expect(opened.authenticatedData).to.deep.equal(new Uint8Array([7]));
      expect(opened.sender).to.deep.equal(reader.group.members[0]);
      expect(opened.sender).to.include({ leaf: 0, user: "alice", device: sender.identity.device });
      expect(opened.epoch).to.equal(1);
    });

    it("leaves the old state usable until release, for messages and commits", async () => {
      const direct = await DirectGroup.of(suite, 1, 1);
      const [alice, bob] = [direct.seats[0]!, direct.seats[1]!];
      const { commit, next } = await engine.prepareCommit(alice.group, {});
      const lost = await engine.prepareCommit(bob.group, {});
      // Bob's own commit loses; he drops it without releasing it and follows alice's.
      const applied = await engine.applyCommit(bob.group, commit, direct.policy);
      expect(applied.group.transcriptHash).to.deep.equal(next.transcriptHash);
      expect(lost.next.transcriptHash).to.not.deep.equal(next.transcriptHash);
      const sealed = await engine.seal(next, text, new Uint8Array());
      const first = await engine.open(applied.group, sealed.ciphertext);
      const again = await engine.open(applied.group, sealed.ciphertext);
      expect(again.plaintext).to.deep.equal(first.plaintext);
      first.release();
      await refusal(engine.open(applied.group, sealed.ciphertext), "undecryptable");
    });

    it("zeroes what a commit leaves behind on release: old keys, the old schedule, and the epoch that is evicted", async () => {
      const direct = await DirectGroup.of(suite, 1, 1);
      const [alice, bob] = [direct.seats[0]!, direct.seats[1]!];
      for (let epochs = 0; epochs < 4; epochs++) await direct.commit(alice, {});
      const before = toMlsGroup(bob.group).state;
      const [oldest] = [...before.historicalReceiverData.values()];
      const leafKey = before.privatePath.privateKeys[2]!;
      await direct.commit(alice, {});
      const after = toMlsGroup(bob.group).state;
      expect(after.historicalReceiverData.size).to.equal(4);
      expect(isZero(before.keySchedule.initSecret) && isZero(before.keySchedule.exporterSecret)).to.equal(true);
      expect(isZero(oldest!.senderDataSecret)).to.equal(true);
      expect(oldest!.secretTree.every((node) => isZero(node.application.secret))).to.equal(true);
      expect(isZero(leafKey), "bob's own leaf stays as it is").to.equal(false);
      await direct.commit(bob, {});
      expect(isZero(leafKey), "bob's own leaf is replaced").to.equal(true);
      await direct.talk();
    });

    it("is the same group after it was stored and read, at every step", async () => {
      const direct = await DirectGroup.of(suite, 2, 2);
      const restore = async () => {
        for (const seat of direct.seats) {
          seat.group = await engine.decodeGroup(engine.encodeGroup(seat.group), seat.identity);
        }
      };
      await restore();
      await direct.talk();
      await restore();
      await direct.commit(direct.seats[3]!, { add: [direct.bob.addDevice()] });
      await restore();
      await direct.talk();
      await direct.commit(direct.seats[1]!, { remove: [direct.seats[0]!.identity] });
      await restore();
      await direct.talk();
      const [seat] = direct.seats;
      const { state: _, primitives: __, encodedTree: ___, ...known } = toMlsGroup(seat!.group);
      const read = await engine.decodeGroup(engine.encodeGroup(seat!.group), seat!.identity);
      expect(read).to.deep.include(known);
    });

    it("opens what is late by an epoch after it was stored and read", async () => {
      const direct = await DirectGroup.of(suite, 1, 1);
      const [alice, bob] = [direct.seats[0]!, direct.seats[1]!];
      const skipped = await engine.seal(alice.group, text, new Uint8Array());
      const second = await engine.seal(skipped.group, text, new Uint8Array());
      bob.group = (await engine.open(bob.group, second.ciphertext)).group;
      await direct.commit(bob, {});
      bob.group = await engine.decodeGroup(engine.encodeGroup(bob.group), bob.identity);
      expect((await engine.open(bob.group, skipped.ciphertext)).plaintext).to.deep.equal(text);
    });

    it("writes the tree once per epoch: messages change the ratchets alone, and not the device's secret key", async () => {
      const direct = await DirectGroup.of(suite, 1, 1);
      const before = engine.encodeGroup(direct.seats[0]!.group);
      await direct.talk();
      const after = engine.encodeGroup(direct.seats[0]!.group);
      expect(after.tree).to.deep.equal(before.tree);
      expect(after.ratchets).to.not.deep.equal(before.ratchets);
      expect(after.ratchets.length).to.be.below(1000);
      const seed = Buffer.from(direct.seats[0]!.identity.deviceSecretKey.subarray(0, 32));
      expect(Buffer.from(after.tree).includes(seed) || Buffer.from(after.ratchets).includes(seed)).to.equal(false);
    });

    it("refuses a stored group that is damaged, mixed from two epochs, or another device's", async () => {
      const direct = await DirectGroup.of(suite, 1, 1);
      const [seat, other] = [direct.seats[0]!, direct.seats[1]!];
      const before = engine.encodeGroup(seat.group);
      await direct.commit(seat, {});
      const after = engine.encodeGroup(seat.group);
      const mixed = { tree: after.tree, ratchets: before.ratchets };
      const cut = { tree: after.tree.slice(0, -1), ratchets: after.ratchets };
      await refusal(engine.decodeGroup(mixed, seat.identity), "store-unreadable");
      await refusal(engine.decodeGroup(cut, seat.identity), "store-unreadable");
      await refusal(engine.decodeGroup(after, other.identity), "store-unreadable");
    });

    it("remembers that its device was removed", async () => {
      const direct = await DirectGroup.of(suite, 2, 1);
      const removed = direct.seats[1]!;
      await direct.commit(direct.seats[0]!, { remove: [removed.identity] });
      const read = await engine.decodeGroup(engine.encodeGroup(removed.group), removed.identity);
      await refusal(engine.seal(read, text, new Uint8Array()), "not-a-member");
    });

    it("gives all members one exported secret, for one label, context and epoch", async () => {
      const direct = await DirectGroup.of(suite, 1, 1);
      const [alice, bob] = direct.seats;
      const of = (seat: typeof alice, label: string) => engine.exportSecret(seat!.group, label, text, 32);
      expect(await of(alice, "history")).to.deep.equal(await of(bob, "history"));
      expect(await of(alice, "history")).to.not.deep.equal(await of(alice, "other"));
    });

    it("adds no device whose key package has expired, lies in the future, or is of another suite", async () => {
      const direct = await DirectGroup.of(suite, 1, 1);
      const { group } = direct.seats[0]!;
      const joiner = direct.bob.addDevice();
      const now = Date.now();
      const pair = await engine.createKeyPackage(joiner, suite, { now });
      const offer = (at: number) => engine.prepareCommit(group, { add: [pair.publicBytes] }, { now: at });
      await refusal(offer(now + keyPackageLifetime.afterMs + 1000), "key-package-invalid");
      await refusal(offer(now - keyPackageLifetime.beforeMs - 3_700_000), "key-package-invalid");
      const other = await engine.createKeyPackage(joiner, suite === 84 ? 3 : 84);
      await refusal(engine.prepareCommit(group, { add: [other.publicBytes] }), "key-package-invalid");
      expect((await offer(now)).next.members).to.have.length(3);
    });

    it("follows a commit whose key package has expired since: no clock decides", async () => {
      const direct = await DirectGroup.of(suite, 1, 1);
      const old = await engine.createKeyPackage(direct.bob.addDevice(), suite, { now: 1_600_000_000_000 });
      const keyPackage = decodeKeyPackage(old.publicBytes);
      const proposals = [{ proposalType: "add" as const, add: { keyPackage } }];
      const commit = await forgeCommit(direct.seats[0]!.group, { proposals });
      const applied = await engine.applyCommit(direct.seats[1]!.group, commit, direct.policy);
      expect(applied.added.map((member) => member.user)).to.deep.equal(["bob"]);
    });

    it("re-adds a device of the other user that lost its way, in one commit, and leaves it its key", async () => {
      const direct = await DirectGroup.of(suite, 1, 2);
      const lost = direct.seats[2]!;
      const pair = await engine.createKeyPackage(lost.identity, suite);
      const prepared = await engine.prepareCommit(direct.seats[0]!.group, { add: [pair.publicBytes], remove: [2] });
      const applied = await engine.applyCommit(direct.seats[1]!.group, prepared.commit, direct.policy);
      expect(applied.added).to.have.length(1);
      expect(applied.added[0]).to.include({ leaf: 2, device: lost.identity.device });
      const joined = await engine.joinGroup(lost.identity, prepared.welcome!, pair, direct.policy);
      const sealed = await engine.seal(joined, text, new Uint8Array());
      expect((await engine.open(applied.group, sealed.ciphertext)).plaintext).to.deep.equal(text);
    });

    it("refuses a commit by its own device that is not the pending one", async () => {
      const direct = await DirectGroup.of(suite, 1, 1);
      const { commit } = await engine.prepareCommit(direct.seats[0]!.group, {});
      await refusal(engine.applyCommit(direct.seats[0]!.group, commit, direct.policy), "commit-invalid");
    });
  });
}
