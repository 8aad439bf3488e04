/**
 * Keeps the group of a conversation what it should be: founded when there is somebody to talk to, made of all live devices
 * of its users, updated now and then. How a device gets into a group that others keep: `group-joiner.ts`.
 *
 *   no group ──(peer has a device, or a group of one's own: found)──▶ pending ──(in the log)──▶ member
 */
import type { ConversationPolicy, Group } from "../../crypto/group-engine.ts";
import { toHex } from "../../identity/equal-bytes.ts";
import { keyPackageHash } from "../../identity/key-package-inspection.ts";
import { verifyReaddRequest } from "../../identity/readd.ts";
import { fromBase64 } from "../../protocol/base64.ts";
import { SottoError } from "../../protocol/errors.ts";
import type { DeviceId, UserId } from "../../protocol/ids.ts";
import { limits } from "../../protocol/limits.ts";
import type { ConversationSummary, InboxEntry } from "../../protocol/requests.ts";
import type { ClientCore } from "../core.ts";
import { KeyPackageClaims } from "../device/key-package-claims.ts";
import type { ConversationRecord } from "../records.ts";
import type { ConversationState } from "./conversation-state.ts";
import { GroupChanges, type ChangeHooks } from "./group-changes.ts";

type Readd = Extract<InboxEntry, { kind: "readd" }>;

/** Of one device that was added again. Key packages live for 90 days: one a week is fewer than this. */
const readdPackagesKept = 16;

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
  /** Requests to be added again that wait for a person's word; the latest of each device. */
  private readonly held = new Map<DeviceId, Readd>();

  constructor(core: ClientCore, state: ConversationState, hooks: KeeperHooks) {
    this.core = core;
    this.state = state;
    this.hooks = hooks;
    this.claims = new KeyPackageClaims(core);
    this.changes = new GroupChanges(core, state, hooks);
  }

  /** What the conversation is to its members, with whoever has left up to where `record` stands. */
  policy({ peer, leavers }: Readonly<ConversationRecord> = this.state.record): ConversationPolicy {
    return peer === null ? { kind: "group", leavers } : { kind: "direct", users: [this.core.own.user, peer] };
  }

  /** Whether a message can be sealed now; does what it can to make it so. */
  async ready(): Promise<boolean> {
    if (!this.state.isMember) return false;
    if (this.state.pending) await this.changes.resend();
    if (!this.state.group && !this.state.pending) await this.foundOrWait();
    const gone = this.state.group ? this.leaversLeaves(this.state.group) : [];
    // Nothing is sealed to who has left.
    if (this.state.group && gone.length > 0) await this.changes.make(this.state.group, { remove: gone });
    if (this.state.group && this.isSelfUpdateDue()) await this.changes.make(this.state.group, {});
    return this.state.canSeal;
  }

  /**
   * Adds live devices that are not in the group; removes this user's own that were revoked, and whoever has left. Resolves with
   * why the node did not take it, `undefined` when it did or nothing was to do.
   */
  async alignRoster(): Promise<SottoError | undefined> {
    const { group } = this.state;
    if (!group || !this.state.canSeal) return undefined;
    const missing = this.missing(group).slice(0, limits.addsPerCommit);
    const remove = this.goneLeaves(group);
    if (missing.length + remove.length === 0) return undefined;
    const { id: conversation, isGroup, record } = this.state;
    const packages = await this.claims.take({ conversation, isGroup, suite: record.suite }, missing);
    if (packages.length + remove.length === 0) return undefined;
    return this.changes.make(group, { add: packages.map((one) => one.bytes), remove });
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

  /** Removes and adds another device that cannot follow, once in a while without a person's word. */
  async answerReadd(request: Readd, personAgrees = false): Promise<void> {
    // A change of one's own that is under way comes first: whoever asks would have to ask again.
    if (this.state.pending) await this.changes.resend();
    const { group, record } = this.state;
    const leaf = group?.members.find((one) => one.device === request.device && one.user === request.user);
    if (!group || !leaf || !this.state.canSeal || request.generation !== group.generation) return;
    const keyPackage = fromBase64(request.keyPackage);
    if (!verifyReaddRequest({ ...request, keyPackage }, fromBase64(request.signature), leaf.deviceKey)) return;
    const last = record.readds[request.device];
    const name = toHex(keyPackageHash(keyPackage));
    if (last && (last.at > request.at || last.packages.includes(name))) return;
    if (last && !personAgrees && Date.now() - last.at < this.core.timings.readdEveryMs) {
      const { conversation, user, device } = request;
      this.held.set(device, request);
      this.core.report({ code: "readd-held", conversation, user, device });
      return;
    }
    this.held.delete(request.device);
    const packages = [...(last?.packages ?? []), name].slice(-readdPackagesKept);
    const readds = { ...record.readds, [request.device]: { at: Date.now(), packages } };
    const remove = [...new Set([leaf.leaf, ...this.leaversLeaves(group)])];
    // Counts once the log has it. One that is refused was none: a later request of the device has taken its place.
    await this.changes.make(group, { add: [keyPackage], remove }, { readds });
  }

  /** A person agrees to a request that was held. False where none is. */
  async letIn(device: DeviceId): Promise<boolean> {
    const request = this.held.get(device);
    if (request) await this.answerReadd(request, true);
    return request !== undefined;
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
    if (summary.generation > 0 || peer === null) {
      this.waitingFor = "welcome";
      return;
    }
    const { directory } = this.core;
    for (const user of [own.user, peer]) await directory.refresh(user);
    const wanted = this.liveDevices([own.user, peer]).filter(({ device }) => device !== own.device);
    const claim = { conversation: this.state.id, suite, isGroup: false };
    const packages = wanted.length > 0 ? await this.claims.take(claim, wanted) : [];
    if (!packages.some(({ user }) => user === peer)) {
      this.waitingFor = "recipient-device";
      return;
    }
    this.waitingFor = null;
    const alone = await engine.createGroup(own.identity(), place);
    await this.changes.found(alone, { add: packages.map((one) => one.bytes) });
  }

  private isSelfUpdateDue(): boolean {
    const { mustSelfUpdate, selfUpdatedAt } = this.state.record;
    if (!this.state.canSeal) return false;
    return mustSelfUpdate || Date.now() - selfUpdatedAt > this.core.timings.selfUpdateAfterMs;
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
    return this.liveDevices(users).filter(({ device }) => !present.has(device));
  }

  private goneLeaves(group: Group): number[] {
    const { user } = this.core.own;
    const list = this.core.directory.get(user);
    const revoked = group.members
      .filter((one) => one.user === user && list?.devices.get(one.device)?.revokedVersion !== undefined)
      .map((one) => one.leaf);
    return [...revoked, ...this.leaversLeaves(group)];
  }

  private leaversLeaves(group: Group): number[] {
    const { leavers } = this.state.record;
    return group.members.filter(({ user }) => leavers.includes(user)).map(({ leaf }) => leaf);
  }
}

const memberAt = (group: Group, leaf: number): Group["members"][number] =>
  group.members.find((member) => member.leaf === leaf)!;
