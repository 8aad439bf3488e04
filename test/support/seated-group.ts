import type { CommitChanges, ConversationPolicy, DeviceIdentity } from "../../src/crypto/group-engine.ts";
import type { Group, KeyPackagePair } from "../../src/crypto/group-engine.ts";
import { mlsGroupEngine as engine } from "../../src/crypto/mls-group-engine.ts";

/** Both suites, for `for (const suite of bothSuites) describe(…)`. */
export const bothSuites = [84, 3] as const;

/** One device's place in a group. */
export interface Seat {
  readonly identity: DeviceIdentity;
  group: Group;
}

export interface SeatChanges {
  add?: DeviceIdentity[];
  remove?: DeviceIdentity[];
  policy?: NonNullable<CommitChanges["policy"]>;
}

/** A group whose devices follow every commit that goes through `commit`. */
export class SeatedGroup {
  readonly suite: number;
  readonly seats: Seat[];
  policy: ConversationPolicy;

  constructor(founder: Seat, policy: ConversationPolicy) {
    this.seats = [founder];
    this.suite = founder.group.suite;
    this.policy = policy;
  }

  seatOf(identity: DeviceIdentity): Seat {
    return this.seats.find((seat) => seat.identity.device === identity.device)!;
  }

  leafOf(identity: DeviceIdentity): number {
    return this.seats[0]!.group.members.find((member) => member.device === identity.device)!.leaf;
  }

  /** Commits, lets everybody follow, seats the added; gives the commit's bytes. Who is removed keeps the last state. */
  async commit(by: Seat, changes: SeatChanges): Promise<Uint8Array> {
    const { add = [], policy } = changes;
    const pairs = await Promise.all(add.map((joiner) => engine.createKeyPackage(joiner, this.suite)));
    const remove = (changes.remove ?? []).map((leaver) => this.leafOf(leaver));
    const wanted = { add: pairs.map((pair) => pair.publicBytes), remove, ...(policy && { policy }) };
    const leavers = this.policy.kind === "group" ? (this.policy.leavers ?? []) : [];
    const prepared = await engine.prepareCommit(by.group, wanted, { leavers });
    for (const seat of this.seats.slice()) {
      if (seat === by) continue;
      const applied = await engine.applyCommit(seat.group, prepared.commit, this.policy);
      seat.group = applied.group;
      applied.release();
      if (applied.selfRemoved) this.seats.splice(this.seats.indexOf(seat), 1);
    }
    by.group = prepared.next;
    prepared.release();
    for (const [index, identity] of add.entries()) await this.join(identity, prepared.welcome!, pairs[index]!);
    return prepared.commit;
  }

  /** Everybody's next message opens at everybody else's. */
  async talk(): Promise<void> {
    for (const sender of this.seats) {
      const text = new TextEncoder().encode(`from ${sender.identity.device}`);
      const sealed = await engine.seal(sender.group, text, new Uint8Array([1]));
      sender.group = sealed.group;
      sealed.release();
      for (const reader of this.seats) {
        if (reader === sender) continue;
        const opened = await engine.open(reader.group, sealed.ciphertext);
        reader.group = opened.group;
        opened.release();
        if (opened.sender.device !== sender.identity.device) throw new Error("a message has another sender");
        if (new TextDecoder().decode(opened.plaintext) !== `from ${sender.identity.device}`) throw new Error("text");
      }
    }
  }

  private async join(identity: DeviceIdentity, welcome: Uint8Array, pair: KeyPackagePair): Promise<void> {
    const group = await engine.joinGroup(identity, welcome, pair, this.policy);
    this.seats.push({ identity, group });
  }
}
