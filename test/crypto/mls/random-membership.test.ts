import { expect } from "chai";
import type { DeviceIdentity } from "../../../src/crypto/group-engine.ts";
import { DirectGroup, bothSuites } from "../../support/direct-group.ts";
import { seeded } from "../../support/seeded.ts";

async function oneChange(direct: DirectGroup, random: () => number): Promise<void> {
  const pick = <T>(items: readonly T[]): T => items[Math.floor(random() * items.length)]!;
  const by = pick(direct.seats);
  const own = direct.seats.filter((seat) => seat !== by && seat.identity.user === by.identity.user);
  const add: DeviceIdentity[] = [];
  if (random() < 0.5 && direct.seats.length < 12) add.push(pick([direct.alice, direct.bob]).addDevice());
  const remove = own.length > 0 && random() < 0.4 ? [pick(own).identity] : [];
  await direct.commit(by, { add, remove });
}

for (const suite of bothSuites) {
  describe(`a group that changes at random, suite ${suite}`, () => {
    for (const seed of [1, 2, 3, 4]) {
      it(`keeps everybody together through 16 commits (seed ${seed})`, async () => {
        const random = seeded(seed);
        const direct = await DirectGroup.of(suite, 1 + (seed % 3), 1 + (seed % 2));
        for (let step = 0; step < 16; step++) {
          await oneChange(direct, random);
          await direct.talk();
        }
        const hashes = new Set(direct.seats.map((seat) => seat.group.transcriptHash.join()));
        expect(hashes.size).to.equal(1);
        const rosters = new Set(direct.seats.map((seat) => seat.group.members.map((member) => member.device).join()));
        expect(rosters.size).to.equal(1);
      });
    }
  });
}
