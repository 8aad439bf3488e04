/**
 * Keeps the group of a conversation what it should be: founded when there is somebody to talk to, made of all live devices
 * of its users, updated now and then. How a device gets into a group that others keep: `group-joiner.ts`.
 *
 *   no group ──(peer has a device, or a group of one's own: found)──▶ pending ──(in the log)──▶ member
 */
import type { ConversationPolicy, Group, GroupMember } from "../../crypto/group-engine.ts";
import { SottoError } from "../../protocol/errors.ts";
import type { DeviceId, UserId } from "../../protocol/ids.ts";
import { limits } from "../../protocol/limits.ts";
import type { ConversationSummary } from "../../protocol/requests.ts";
import { TaskQueue } from "../async/task-queue.ts";
import type { ClientCore } from "../core.ts";
import { KeyPackageClaims } from "../device/key-package-claims.ts";
import type { ConversationRecord } from "../records.ts";
import type { ConversationState } from "./conversation-state.ts";
import { isSelfUpdateDue } from "./self-update.ts";
import { requireRoom, roomOf } from "./group-room.ts";
import { GroupChanges, type ChangeHooks } from "./group-changes.ts";

/** Of so many members and more, the time over which they spread is the same. */
const spreadAtMost = 40;

interface Wanted {
  user: UserId;
  device: DeviceId;
}
export interface KeeperHooks extends ChangeHooks {
  summary(): Promise<ConversationSummary>;
}

export class GroupKeeper {
  /** Why nothing can be founded or sealed, for people: null when it can. */
  waitingFor: "recipient-device" | "welcome" | null = null;
  readonly changes: GroupChanges;
  private readonly core: ClientCore;
  private readonly state: ConversationState;
  private readonly hooks: KeeperHooks;
  private readonly claims: KeyPackageClaims;
  /** The same for all messages of an epoch: to look often is not to draw often. */
  private jitter = { epoch: -1, part: 0 };
  private readonly aligning = new TaskQueue();

  constructor(core: ClientCore, state: ConversationState, hooks: KeeperHooks) {
    this.core = core;
    this.state = state;
    this.hooks = hooks;
    this.claims = new KeyPackageClaims(core);
    this.changes = new GroupChanges(core, state, hooks);
  }

  /** What the conversation is to its members, with whoever has left up to where `record` stands. */
  policy({ peer, leavers, erased }: Readonly<ConversationRecord> = this.state.record): ConversationPolicy {
    if (peer === null) return { kind: "group", leavers };
    // The tree knows them by the name.
    return { kind: "direct", users: [this.core.own.user, erased?.[0]?.user ?? peer] };
  }

  /** Whether a message can be sealed now; does what it can to make it so. */
  async ready(): Promise<boolean> {
    if (!this.state.isMember) return false;
    if (this.state.pending) await this.changes.resend();
    if (!this.state.group && !this.state.pending) await this.foundOrWait();
    const gone = this.state.group ? this.leaversLeaves(this.state.group) : [];
    // Nothing is sealed to who has left.
    if (this.state.group && gone.length > 0) await this.changes.make(this.state.group, { remove: gone });
    if (!(await this.replaceFirst())) return false;
    if (this.state.group && this.isSelfUpdateDue()) await this.changes.make(this.state.group, {});
    return this.state.canSeal;
  }

  /** Whether this direct is with somebody who has started over, and has no device of now in it yet. */
  get awaitsReplacement(): boolean {
    return !this.state.isGroup && this.replacedMembers().length > 0;
  }

  /** Who has started over is to get what is sealed from now on. False where nobody else would: in a direct that has to wait. */
  private async replaceFirst(): Promise<boolean> {
    if (this.replacedMembers().length === 0) return true;
    const aligned = this.alignRoster();
    if (!this.state.isGroup) {
      await aligned;
      return !this.awaitsReplacement;
    }
    await aligned.catch((error: unknown) => {
      if (!(error instanceof SottoError) || error.code === "offline") throw error;
    });
    return true;
  }

  /**
   * Adds live devices that are not in the group; removes this user's own that were revoked, whoever has left, and the former devices of
   * who has started over, together with the addition of one of now. Resolves with
   * why the node did not take it, `undefined` when it did or nothing was to do.
   */
  alignRoster(): Promise<SottoError | undefined> {
    // One after another: key packages claimed twice for one device are lost.
    return this.aligning.run(() => this.alignOnce());
  }

  private async alignOnce(): Promise<SottoError | undefined> {
    const { group } = this.state;
    if (!group || !this.state.canSeal) return undefined;
    const gone = this.goneLeaves(group);
    const replaced = this.replacedMembers();
    const stay = group.members.length - gone.length - replaced.length;
    const room = this.state.isGroup ? roomOf(group.suite) - stay : limits.addsPerCommit;
    const packages = await this.claimFor(this.missing(group), Math.min(limits.addsPerCommit, room));
    const come = replaced.filter((member) => packages.some(({ user }) => user === member.user));
    const remove = [...gone, ...come.map(({ leaf }) => leaf)];
    if (packages.length + remove.length === 0) return undefined;
    return this.changes.make(group, { add: packages.map((one) => one.bytes), remove });
  }

  /** Packages of the first `count` devices that have one. */
  private async claimFor(devices: readonly Wanted[], count: number): Promise<(Wanted & { bytes: Uint8Array })[]> {
    const { id: conversation, isGroup, record } = this.state;
    const packages: (Wanted & { bytes: Uint8Array })[] = [];
    for (let next = 0; next < devices.length && packages.length < count;) {
      const some = devices.slice(next, next + Math.min(count - packages.length, limits.devicesPerClaim));
      packages.push(...(await this.claims.take({ conversation, isGroup, suite: record.suite }, some)));
      next += some.length;
    }
    return packages;
  }

  /** Throws `group-full` where the devices of these users, as far as they are known, do not all fit. */
  requireRoomFor(users: readonly UserId[]): void {
    const { group } = this.state;
    if (!group) return;
    const present = new Set(group.members.map(({ device }) => device));
    const coming = this.liveDevices(users).filter(({ device }) => !present.has(device));
    const leaving = this.goneLeaves(group).length;
    if (coming.length > 0) requireRoom(group.suite, present.size - leaving + coming.length);
  }

  /** Whether the group is not what the device lists say: somebody is missing, or a revoked device is still there. */
  needsAlignment(): boolean {
    const { group } = this.state;
    return group !== undefined && this.missing(group).length + this.goneLeaves(group).length > 0;
  }

  /** Of the group that this device holds. */
  get epoch(): number | undefined {
    return this.state.group?.epoch;
  }

  /** Whether what is out of line is for this device to mend first: its own user's devices, and whom it has invited. */
  isNextToAlign(): boolean {
    const { group, record } = this.state;
    if (!group || !this.state.isGroup) return this.core.own.isPrimary;
    const ours = [...this.missing(group), ...this.goneLeaves(group).map((leaf) => memberAt(group, leaf))];
    return ours.some(({ user }) => user === this.core.own.user || record.invited.includes(user));
  }

  /**
   * How many turns this device waits before it mends what is not its own to mend first. Who has started over is for everybody to replace, so
   * that those of a large group spread over a longer time.
   */
  turnsToAlign(): number {
    const { members } = this.state.group ?? { members: [] };
    const isForAll = this.state.isGroup && this.replacedMembers().length > 0;
    return isForAll ? 1 + (Math.random() * Math.min(members.length, spreadAtMost)) / 4 : 1;
  }

  private async foundOrWait(): Promise<void> {
    const { own, engine } = this.core;
    const { peer, founding, suite } = this.state.record;
    const place = { conversation: this.state.id, generation: 1, suite };
    if (founding) {
      const alone = await engine.createGroup(own.identity(), place, founding);
      await this.changes.found(alone, { policy: founding });
      return;
    }
    const summary = await this.hooks.summary();
    const { directory } = this.core;
    if (peer === null || (summary.generation > 0 && this.isToBeAdded(summary))) {
      this.waitingFor = "welcome";
      return;
    }
    for (const user of [own.user, peer]) await directory.refresh(user);
    const wanted = this.liveDevices([own.user, peer]).filter(({ device }) => device !== own.device);
    const claim = { conversation: this.state.id, suite, isGroup: false };
    const packages = wanted.length > 0 ? await this.claims.take(claim, wanted) : [];
    if (!packages.some(({ user }) => user === peer)) {
      this.waitingFor = "recipient-device";
      return;
    }
    this.waitingFor = null;
    // Somebody has added this device meanwhile.
    if (this.state.group) return;
    const alone = await engine.createGroup(own.identity(), { ...place, generation: summary.generation + 1 });
    await this.changes.found(alone, { add: packages.map((one) => one.bytes) });
  }

  /** In a direct that goes on: whether a device of this user's own is there to add this one. Who has started over has none, and founds. */
  private isToBeAdded({ leaves }: ConversationSummary): boolean {
    const live = this.core.directory.liveDevices(this.core.own.user);
    return live.length === 0 || live.some((device) => leaves.includes(device));
  }

  private isSelfUpdateDue(): boolean {
    const { group, record } = this.state;
    if (!group || !this.state.canSeal) return false;
    if (this.jitter.epoch !== group.epoch) this.jitter = { epoch: group.epoch, part: Math.random() };
    const state = { record, members: group.members.length, jitter: this.jitter.part };
    return isSelfUpdateDue(state, this.core.timings, Date.now());
  }

  private liveDevices(users: Iterable<UserId>): { user: UserId; device: DeviceId }[] {
    return [...users].flatMap((user) => this.core.directory.liveDevices(user).map((device) => ({ user, device })));
  }

  private missing(group: Group): { user: UserId; device: DeviceId }[] {
    const { peer, invited, leavers } = this.state.record;
    const present = new Set(group.members.map((one) => one.device));
    const users = new Set(
      peer === null ? [...group.members.map(({ user }) => user), ...invited] : [this.core.own.user, peer],
    );
    for (const user of leavers) users.delete(user);
    const { directory } = this.core;
    // Whose key in the group is none of now is added with all former devices removed, or not yet.
    const replaced = this.replacedMembers();
    for (const member of group.members) {
      if (directory.isOfNow(member) || replaced.includes(member)) continue;
      users.delete(member.user);
    }
    return this.liveDevices(users).filter(({ device }) => !present.has(device));
  }

  /** Devices of users who have started over since, but for those whose new key a person has to compare first. */
  private replacedMembers(): GroupMember[] {
    const { directory } = this.core;
    const members = this.state.group?.members ?? [];
    return members.filter(
      (member) =>
        !directory.isOfNow(member) &&
        directory.accountsFor(member) &&
        !directory.isHeldBack(member.user) &&
        !directory.isOfErased(member),
    );
  }

  private goneLeaves(group: Group): number[] {
    const { user } = this.core.own;
    const list = this.core.directory.get(user);
    const revoked = group.members
      .filter((one) => one.user === user && list?.devices.get(one.device)?.revokedVersion !== undefined)
      .map((one) => one.leaf);
    return [...revoked, ...this.leaversLeaves(group)];
  }

  /** Of the users who have left by their own word. */
  leaversLeaves(group: Group): number[] {
    const { leavers } = this.state.record;
    return group.members.filter(({ user }) => leavers.includes(user)).map(({ leaf }) => leaf);
  }
}

const memberAt = (group: Group, leaf: number): Group["members"][number] =>
  group.members.find((member) => member.leaf === leaf)!;
