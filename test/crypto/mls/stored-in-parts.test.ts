import { expect } from "chai";
import type { Group } from "../../../src/crypto/group-engine.ts";
import { mlsGroupEngine as engine } from "../../../src/crypto/mls-group-engine.ts";
import { newId, type ConversationId } from "../../../src/protocol/ids.ts";
import { AccountWithDevices } from "../../support/account-with-devices.ts";
import { DirectGroup, bothSuites } from "../../support/direct-group.ts";
import { refusal } from "../../support/refusal.ts";

const text = new TextEncoder().encode("hello");

for (const suite of bothSuites) {
  describe(`a stored group of suite ${suite}`, function () {
    this.timeout(120_000);

    it("writes of the ratchets what has moved, and is whole again from the parts", async () => {
      const direct = await DirectGroup.of(suite, 10, 10);
      const seat = direct.seats[1]!;
      const stored = new Map<string, Uint8Array>();
      let since: Group | undefined;
      const store = (): string[] => {
        const { names, moved } = engine.encodeRatchets(seat.group, since);
        for (const { name, bytes } of moved) stored.set(name, bytes);
        for (const name of stored.keys()) if (!names.includes(name)) stored.delete(name);
        since = seat.group;
        return moved.map(({ name }) => name);
      };
      const restored = () => {
        const { tree } = engine.encodeGroup(seat.group);
        return engine.decodeGroup({ tree, ratchets: [...stored.values()] }, seat.identity);
      };
      expect(store(), "eight leaves each").to.have.length(3);
      for (let epoch = 0; epoch < 6; epoch += 1) {
        seat.group = (await engine.seal(seat.group, text, new Uint8Array())).group;
        expect(store(), "its own").to.have.length(1);
        const { ciphertext } = await engine.seal(direct.seats[12]!.group, text, new Uint8Array());
        seat.group = (await engine.open(seat.group, ciphertext)).group;
        expect(store(), "the sender's").to.have.length(1);
        expect(store(), "nothing").to.have.length(0);
        expect(engine.encodeGroup(await restored())).to.deep.equal(engine.encodeGroup(seat.group));
        await direct.commit(direct.seats[12]!, {});
        expect(store(), "the new epoch's").to.have.length(3);
      }
      expect(stored, "five epochs").to.have.length(15);
      seat.group = await restored();
      await direct.talk();
      stored.delete([...stored.keys()].sort().at(-1)!);
      await refusal(restored(), "store-unreadable");
    });

    it("finds the key package that a Welcome is for", async () => {
      const [alice, bob] = [await AccountWithDevices.of("alice"), await AccountWithDevices.of("bob")];
      const identity = bob.addDevice();
      const place = { conversation: newId<ConversationId>(), generation: 1, suite };
      const group = await engine.createGroup(alice.addDevice(), place);
      const other = suite === 84 ? 3 : 84;
      const pairs = [await engine.createKeyPackage(identity, other), await engine.createKeyPackage(identity, suite)];
      pairs.push(await engine.createKeyPackage(identity, suite));
      const { welcome } = await engine.prepareCommit(group, { add: [pairs[2]!.publicBytes] });
      expect(await engine.findPair(welcome!, pairs)).to.equal(pairs[2]);
      expect(await engine.findPair(welcome!, pairs.slice(0, 2))).to.equal(undefined);
      expect(await engine.findPair(text, pairs)).to.equal(undefined);
    });
  });
}
