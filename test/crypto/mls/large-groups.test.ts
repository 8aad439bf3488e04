import { expect } from "chai";
import { mlsGroupEngine as engine } from "../../../src/crypto/mls-group-engine.ts";
import { limits } from "../../../src/protocol/limits.ts";
import { newId } from "../../../src/protocol/ids.ts";
import type { ConversationId } from "../../../src/protocol/ids.ts";
import { AccountWithDevices } from "../../support/account-with-devices.ts";
import { refusal } from "../../support/refusal.ts";
import { policyOf } from "../../support/role-group.ts";

/** The founder's side of a group that grows: nobody else is needed to see what is refused. */
describe("a group that grows", () => {
  async function found(suite: number) {
    const alice = await AccountWithDevices.of("alice");
    const place = { conversation: newId<ConversationId>(), generation: 1, suite };
    return { alice, group: await engine.createGroup(alice.addDevice(), place, policyOf({ alice: "owner" })) };
  }
  async function packages(account: AccountWithDevices, suite: number, count: number): Promise<Uint8Array[]> {
    const made: Uint8Array[] = [];
    while (made.length < count) made.push((await engine.createKeyPackage(account.addDevice(), suite)).publicBytes);
    return made;
  }

  it("is full at 500 devices in the large suite, and goes on as it is", async function () {
    this.timeout(60_000);
    let { alice, group } = await found(3);
    for (let round = 0; round < 10; round++) {
      const add = await packages(alice, 3, round === 9 ? 49 : limits.addsPerCommit);
      group = (await engine.prepareCommit(group, { add })).next;
    }
    expect(group.members).to.have.length(500);
    const [one] = await packages(alice, 3, 1);
    await refusal(engine.prepareCommit(group, { add: [one!] }), "group-full");
    group = (await engine.prepareCommit(group, { remove: [499] })).next;
    group = (await engine.prepareCommit(group, { add: [one!] })).next;
    expect(group.members).to.have.length(500);
  });

  it("makes no Welcome that is too large to be sent", async function () {
    this.timeout(30_000);
    let { alice, group } = await found(84);
    for (let round = 0; round < 2; round++) {
      const add = await packages(alice, 84, limits.addsPerCommit);
      group = (await engine.prepareCommit(group, { add })).next;
    }
    await refusal(engine.prepareCommit(group, { add: await packages(alice, 84, limits.addsPerCommit) }), "too-large");
    expect((await engine.prepareCommit(group, { add: await packages(alice, 84, 1) })).next.members).to.have.length(102);
  });
});
