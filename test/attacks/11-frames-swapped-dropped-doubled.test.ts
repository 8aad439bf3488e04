import { expect } from "chai";
import type { Group } from "../../src/crypto/group-engine.ts";
import { mlsGroupEngine as engine } from "../../src/crypto/mls-group-engine.ts";
import { DirectGroup, bothSuites } from "../support/direct-group.ts";
import { refusal } from "../support/refusal.ts";

const bytesOf = (text: string) => new TextEncoder().encode(text);

for (const suite of bothSuites) {
  describe(`attack 11: messages swapped, dropped and doubled, suite ${suite}`, () => {
    let direct: DirectGroup;
    let frames: Uint8Array[];
    beforeEach(async () => {
      direct = await DirectGroup.of(suite, 1, 1);
      frames = await seal(direct, 70);
    });

    async function seal(from: DirectGroup, count: number): Promise<Uint8Array[]> {
      const made: Uint8Array[] = [];
      for (let number = 0; number < count; number++) {
        const sealed = await engine.seal(from.seats[0]!.group, bytesOf(`${number}`), bytesOf("ad"));
        from.seats[0]!.group = sealed.group;
        sealed.release();
        made.push(sealed.ciphertext);
      }
      return made;
    }

    async function open(group: Group, frame: Uint8Array): Promise<[Group, string]> {
      const opened = await engine.open(group, frame);
      opened.release();
      return [opened.group, new TextDecoder().decode(opened.plaintext)];
    }

    it("(11) opens swapped messages, each as itself", async () => {
      let { group } = direct.seats[1]!;
      for (const number of [3, 0, 2, 1, 10, 5]) {
        const [next, text] = await open(group, frames[number]!);
        expect(text).to.equal(String(number));
        group = next;
      }
    });

    it("(11) opens a message once: the second time it is refused, also after the state was stored and read", async () => {
      const [group] = await open(direct.seats[1]!.group, frames[4]!);
      await refusal(engine.open(group, frames[4]!), "undecryptable");
      const stored = await engine.decodeGroup(engine.encodeGroup(group), direct.seats[1]!.identity);
      await refusal(engine.open(stored, frames[4]!), "undecryptable");
      expect((await open(stored, frames[3]!))[1]).to.equal("3");
    });

    it("(11) goes on over dropped messages, and keeps the keys of the last 64 of them", async () => {
      const [group] = await open(direct.seats[1]!.group, frames[69]!);
      await refusal(engine.open(group, frames[4]!), "undecryptable");
      expect((await open(group, frames[6]!))[1]).to.equal("6");
    });

    it("(11) refuses a message more than 1000 ahead", async () => {
      await seal(direct, 932);
      const [far] = await seal(direct, 1);
      await refusal(engine.open(direct.seats[1]!.group, far!), "undecryptable");
      const [group] = await open(direct.seats[1]!.group, frames[69]!);
      expect((await open(group, far!))[1]).to.equal("0");
    }).timeout(30_000);

    it("(11) refuses a message of another conversation, an own one, and one with other associated data", async () => {
      const other = await DirectGroup.of(suite, 1, 1);
      await refusal(engine.open(direct.seats[1]!.group, (await seal(other, 1))[0]!), "undecryptable");
      await refusal(engine.open(direct.seats[0]!.group, frames[0]!), "undecryptable");
      const at = Buffer.from(frames[0]!).indexOf("ad", 30);
      const altered = frames[0]!.slice();
      altered[at] = 0x62;
      await refusal(engine.open(direct.seats[1]!.group, altered), "undecryptable");
    });

    it("(11) refuses what a clone of this very device sealed, which would move the own ratchet", async () => {
      const { group, identity } = direct.seats[1]!;
      const clone = await engine.decodeGroup(engine.encodeGroup(group), identity);
      const sealed = await engine.seal(clone, bytesOf("from a clone"), new Uint8Array());
      await refusal(engine.open(group, sealed.ciphertext), "undecryptable");
      expect((await engine.open(direct.seats[0]!.group, sealed.ciphertext)).sender.device).to.equal(identity.device);
    });

    it("(11) opens what is late by up to four epochs, with the sender as of then, and nothing older", async () => {
      const [early] = frames;
      for (let epochs = 0; epochs < 4; epochs++) await direct.commit(direct.seats[1]!, {});
      const opened = await engine.open(direct.seats[1]!.group, early!);
      expect(opened.epoch).to.equal(1);
      expect(opened.sender.device).to.equal(direct.seats[0]!.identity.device);
      await direct.commit(direct.seats[1]!, {});
      await refusal(engine.open(direct.seats[1]!.group, early!), "undecryptable");
    });

    it("(11) refuses a commit twice, and two commits swapped", async () => {
      const judge = direct.seats[1]!.group;
      const first = await engine.prepareCommit(direct.seats[0]!.group, {});
      const second = await engine.prepareCommit(first.next, {});
      await refusal(engine.applyCommit(judge, second.commit, direct.policy), "commit-invalid");
      const applied = await engine.applyCommit(judge, first.commit, direct.policy);
      await refusal(engine.applyCommit(applied.group, first.commit, direct.policy), "commit-invalid");
      expect((await engine.applyCommit(applied.group, second.commit, direct.policy)).group.epoch).to.equal(3);
    });

    it("(11) takes a Welcome once at most where the key package's private half is gone", async () => {
      const joiner = direct.bob.addDevice();
      const pair = await engine.createKeyPackage(joiner, suite);
      const { welcome } = await engine.prepareCommit(direct.seats[0]!.group, { add: [pair.publicBytes] });
      await engine.joinGroup(joiner, welcome!, pair, direct.policy);
      const gone = { ...pair, privateBytes: new Uint8Array() };
      await refusal(engine.joinGroup(joiner, welcome!, gone, direct.policy), "undecryptable");
    });
  });
}
