import { mlsGroupEngine as engine } from "../../src/crypto/mls-group-engine.ts";
import { newId } from "../../src/protocol/ids.ts";
import { AccountWithDevices } from "./account-with-devices.ts";
import type { Seat } from "./seated-group.ts";
import { SeatedGroup } from "./seated-group.ts";

export { bothSuites } from "./seated-group.ts";
export type { Seat } from "./seated-group.ts";

/** A direct conversation of alice and bob. */
export class DirectGroup extends SeatedGroup {
  readonly alice: AccountWithDevices;
  readonly bob: AccountWithDevices;

  private constructor(founder: Seat, alice: AccountWithDevices, bob: AccountWithDevices) {
    super(founder, { kind: "direct", users: [alice.user, bob.user] });
    this.alice = alice;
    this.bob = bob;
  }

  /** Alice's first device founds it and adds her other devices and bob's. */
  static async of(suite: number, aliceDevices = 1, bobDevices = 1): Promise<DirectGroup> {
    const alice = await AccountWithDevices.of("alice");
    const bob = await AccountWithDevices.of("bob");
    const identity = alice.addDevice();
    const group = await engine.createGroup(identity, { conversation: newId(), generation: 1, suite });
    const direct = new DirectGroup({ identity, group }, alice, bob);
    const others = [
      ...Array.from({ length: aliceDevices - 1 }, () => alice.addDevice()),
      ...Array.from({ length: bobDevices }, () => bob.addDevice()),
    ];
    if (others.length > 0) await direct.commit(direct.seats[0]!, { add: others });
    return direct;
  }
}
