import type { DeviceIdentity } from "../../src/crypto/group-engine.ts";
import { mlsGroupEngine as engine } from "../../src/crypto/mls-group-engine.ts";
import type { GroupPolicy, Role } from "../../src/identity/group-policy.ts";
import { newId, userId } from "../../src/protocol/ids.ts";
import type { UserId } from "../../src/protocol/ids.ts";
import { AccountWithDevices } from "./account-with-devices.ts";
import { PublicGroup } from "./public-group.ts";
import type { Seat, SeatChanges } from "./seated-group.ts";
import { SeatedGroup } from "./seated-group.ts";

/** A policy by the names of those who have a role. */
export function policyOf(roles: Record<string, Role>, rest: Partial<GroupPolicy> = {}): GroupPolicy {
  const holders = Object.entries(roles).map(([user, role]) => ({ user: userId.parse(user), role }));
  return { roles: holders.toSorted((a, b) => (a.user < b.user ? -1 : 1)), history: "kept", ...rest };
}

/** A group with roles, and a node that sees each commit go by and has no keys. */
export class RoleGroup extends SeatedGroup {
  readonly people = new Map<string, AccountWithDevices>();
  readonly node: PublicGroup;

  private constructor(founder: Seat) {
    super(founder, { kind: "group" });
    this.node = new PublicGroup(founder.identity);
  }

  /** Alice founds it and adds the others, with as many devices as they are given; then roles are given out. */
  static async of(
    suite: number,
    devices: Record<string, number>,
    roles: Record<string, Role> = { alice: "owner" },
  ): Promise<RoleGroup> {
    const alice = await AccountWithDevices.of("alice");
    const identity = alice.addDevice();
    const policy = policyOf({ alice: "owner" });
    const group = await engine.createGroup(identity, { conversation: newId(), generation: 1, suite }, policy);
    const made = new RoleGroup({ identity, group });
    made.people.set("alice", alice);
    await made.commit(made.seats[0]!, { policy });
    const joiners: DeviceIdentity[] = [];
    for (const [name, count] of Object.entries(devices)) {
      await made.person(name);
      for (let one = name === "alice" ? 1 : 0; one < count; one++) joiners.push(made.people.get(name)!.addDevice());
    }
    if (joiners.length > 0) await made.commit(made.seats[0]!, { add: joiners });
    if (Object.keys(roles).length > 1) await made.changePolicy(made.seats[0]!, policyOf(roles));
    return made;
  }

  /** A user of this name, who need not be a member. */
  async person(name: string): Promise<AccountWithDevices> {
    const known = this.people.get(name) ?? (await AccountWithDevices.of(name));
    this.people.set(name, known);
    return known;
  }

  /** The seat of a user's first device that is in the group, or of its second. */
  seat(name: string, index = 0): Seat {
    return this.seats.filter(({ identity }) => identity.user === name)[index]!;
  }

  /** A user's devices that are in the group. */
  devices(name: string): DeviceIdentity[] {
    return this.seats.filter(({ identity }) => identity.user === name).map(({ identity }) => identity);
  }

  current(): GroupPolicy {
    return this.seats[0]!.group.policy!;
  }

  /** The signed leaves of these users stand in the log. */
  setLeavers(...names: string[]): void {
    const leavers: UserId[] = names.map((name) => userId.parse(name));
    this.policy = { kind: "group", leavers };
  }

  /** The change, and the commit without changes that follows it. */
  async changePolicy(by: Seat, policy: GroupPolicy): Promise<void> {
    await this.commit(by, { policy });
    await this.commit(by, {});
  }

  /** As for every group; and the node takes it too. */
  override async commit(by: Seat, changes: SeatChanges): Promise<Uint8Array> {
    const leavers = this.policy.kind === "group" ? (this.policy.leavers ?? []) : [];
    const commit = await super.commit(by, changes);
    await this.node.take(commit, by.identity, this.suite, leavers);
    return commit;
  }
}
