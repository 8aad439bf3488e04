/**
 * What people do to a group: add, remove, give roles, rename, leave. Each says what is to hold and tries until it does: whoever
 * loses an epoch to another follows the log and looks again, so that of two admins at once both get their way.
 */
import type { CommitChanges, Group } from "../../crypto/group-engine.ts";
import { roleOf, type GroupPolicy, type Role } from "../../identity/group-policy.ts";
import { toBase64 } from "../../protocol/base64.ts";
import { SottoError, type ErrorCode } from "../../protocol/errors.ts";
import { newId, type MessageId, type UserId } from "../../protocol/ids.ts";
import { limits } from "../../protocol/limits.ts";
import { backoffMs, delay } from "../async/waiting.ts";
import { unlessPassing, type ClientCore } from "../core.ts";
import type { ConversationState } from "./conversation-state.ts";
import { ErasedMembers } from "./erased-members.ts";
import type { ChangeHooks } from "./group-changes.ts";
import type { GroupKeeper } from "./group-keeper.ts";
import type { HistorySharing } from "./history-sharing.ts";

/** Against one who changes the group all the time. */
const attemptsAtMost = 40;

/**
 * Key packages of hundreds of devices are more than a node hands out in a minute; it says how long to wait. And who is half-way
 * through goes on when the connection is back.
 */
const passesByWaiting: ReadonlySet<ErrorCode> = new Set(["rate-limited", "overloaded", "offline", "timeout"]);

/** `invited`: the user has no device yet, and is added by this device once there is one. */
export type AddOutcome = "added" | "invited";

export interface AddOptions {
  /** Whether who is added may read what was said before, as far back as this user may. Only where history is kept. */
  shareHistory?: boolean;
}

export class GroupAdministration {
  private readonly core: ClientCore;
  private readonly state: ConversationState;
  private readonly keeper: GroupKeeper;
  private readonly sharing: HistorySharing;
  private readonly erased: ErasedMembers;
  private readonly hooks: ChangeHooks;

  constructor(
    core: ClientCore,
    state: ConversationState,
    keeper: GroupKeeper,
    sharing: HistorySharing,
    hooks: ChangeHooks,
  ) {
    this.core = core;
    this.state = state;
    this.keeper = keeper;
    this.sharing = sharing;
    this.hooks = hooks;
    this.erased = new ErasedMembers(core, state);
  }

  /** Throws `forbidden`, `group-full`, `not-a-member`, and what the connection says. */
  async add(users: readonly UserId[], { shareHistory = false }: AddOptions = {}): Promise<Map<UserId, AddOutcome>> {
    await this.settledGroup();
    const wanted = users.filter((user) => !this.isIn(user));
    if (wanted.length > 0 && !this.mayAdd) {
      throw new SottoError("forbidden", { detail: "Owners and admins add users." });
    }
    if (shareHistory) await this.sharing.owe(users.filter((user) => user !== this.core.own.user));
    await this.invite(wanted);
    try {
      await this.inviteIn(wanted);
    } catch (error) {
      if (error instanceof SottoError && !error.retryable) await this.withdraw(wanted);
      throw error;
    }
    if (shareHistory) await this.sharing.settle().catch(unlessPassing);
    return new Map(users.map((user) => [user, this.isIn(user) ? "added" : "invited"]));
  }

  /** With all devices. Throws `forbidden`, `not-a-member`. */
  async remove(named: UserId): Promise<void> {
    const user = this.erased.nameOf(named);
    if (user === this.core.own.user) throw new SottoError("invalid-argument", { detail: "Leave the group instead." });
    await this.withdraw([user]);
    if (this.isIn(user) && this.roleOf(user) !== "member") await this.setRole(user, "member");
    await this.change((group) => {
      const remove = group.members.filter((member) => member.user === user).map(({ leaf }) => leaf);
      return remove.length > 0 ? { remove } : undefined;
    });
  }

  /** Throws `forbidden`, `not-a-member`, `invalid-argument` for who is not in the group. */
  async setRole(user: UserId, role: Role | "member"): Promise<void> {
    if (!this.isIn(user)) throw new SottoError("invalid-argument", { detail: "That user is not in the group." });
    const next = (policy: GroupPolicy): GroupPolicy => {
      const others = policy.roles.filter((holder) => holder.user !== user);
      const roles = role === "member" ? others : [...others, { user, role }];
      if (roles.length > limits.rolesPerGroup) {
        throw new SottoError("invalid-argument", { detail: `At most ${limits.rolesPerGroup} users hold a role.` });
      }
      if (!roles.some((holder) => holder.role === "owner")) {
        throw new SottoError("forbidden", { detail: "A group has an owner: make somebody else one first." });
      }
      return { ...policy, roles };
    };
    await this.changePolicy(next, (policy) => roleOf(policy, user) === role);
  }

  /** Throws `forbidden`, `not-a-member`. */
  setRetention(retentionDays: number | null): Promise<void> {
    return this.changePolicy(
      ({ retentionDays: _, ...policy }) => (retentionDays === null ? policy : { ...policy, retentionDays }),
      (policy) => (policy.retentionDays ?? null) === retentionDays,
    );
  }

  /** Throws `forbidden`, `not-a-member`. */
  setDisappearing(disappearingSeconds: number | null): Promise<void> {
    return this.changePolicy(
      ({ disappearingSeconds: _, ...policy }) =>
        disappearingSeconds === null ? policy : { ...policy, disappearingSeconds },
      (policy) => (policy.disappearingSeconds ?? null) === disappearingSeconds,
    );
  }

  /** This user is out of the group, with all devices. Throws `forbidden` for the last owner of others. */
  async leave(): Promise<void> {
    if (this.state.record.left) return;
    const { user } = this.core.own;
    for (let attempt = 0; this.state.record.left === null; attempt += 1) {
      const group = await this.settledGroup();
      if (!this.isAloneIn(group) && this.roleOf(user) !== "member") await this.setRole(user, "member");
      const { generation, epoch } = this.state.group ?? group;
      const place = { conversation: this.state.id, generation, epoch, id: newId<MessageId>() };
      const signature = toBase64(this.core.own.signLeave(place));
      try {
        const reply = await this.core.connection.request("conversation:leave", { ...place, signature });
        const sender = { user, device: this.core.own.device };
        this.hooks.posted({ ...place, ...reply, kind: "leave", sender, number: 0, payload: signature });
        await this.hooks.catchUp();
        return;
      } catch (error) {
        if (!(error instanceof SottoError) || error.code !== "stale-epoch") throw error;
        await this.hooks.catchUp();
        await this.pauseAfter(attempt, error);
      }
    }
  }

  /** Owners and admins; everybody else a `member`. */
  roleOf(user: UserId): Role | "member" {
    const { policy } = this.state.group ?? {};
    return policy ? roleOf(policy, user) : "member";
  }

  /** Whether this user may add others: it holds a role, or is about to found the group. */
  get mayAdd(): boolean {
    return this.state.record.founding !== null || this.roleOf(this.core.own.user) !== "member";
  }

  /** Whoever else has a leaf there has left, or was erased, and is only to be removed yet. */
  private isAloneIn({ members }: Group): boolean {
    const { leavers, erased = [] } = this.state.record;
    const gone = [...leavers, ...erased.map(({ user }) => user)];
    return members.every(({ user }) => user === this.core.own.user || gone.includes(user));
  }

  private isIn(user: UserId): boolean {
    const isMember = this.state.group?.members.some((member) => member.user === user) ?? false;
    return isMember && !this.state.record.leavers.includes(user);
  }

  private async inviteIn(wanted: readonly UserId[]): Promise<void> {
    await this.core.directory.refreshAll(wanted, this.state.id);
    this.keeper.requireRoomFor(wanted);
    for (let attempt = 0; wanted.some((user) => !this.isIn(user)); attempt += 1) {
      const before = this.state.group?.epoch;
      const refused = await this.asked(async () => {
        await this.settledGroup();
        if (attempt > 0) await this.core.directory.refreshAll(wanted, this.state.id);
        return this.keeper.alignRoster();
      });
      if (refused) await this.pauseAfter(attempt, refused);
      // Nobody of them has a device, or a key package of one.
      else if (this.state.group?.epoch === before && !this.state.pending) return;
      else attempt = -1;
    }
  }

  private invite(users: readonly UserId[]): Promise<void> {
    return this.state.queue.run(async () => {
      const invited = [...new Set([...this.state.record.invited, ...users])];
      await this.state.commit({ record: { invited } });
    });
  }

  private withdraw(users: readonly UserId[]): Promise<void> {
    return this.state.queue.run(async () => {
      const invited = this.state.record.invited.filter((user) => !users.includes(user));
      if (invited.length < this.state.record.invited.length) await this.state.commit({ record: { invited } });
    });
  }

  private changePolicy(
    next: (policy: GroupPolicy) => GroupPolicy,
    holds: (policy: GroupPolicy) => boolean,
  ): Promise<void> {
    return this.change(({ policy }) => {
      if (!policy) throw new SottoError("invalid-argument", { detail: "A direct conversation has no roles." });
      return holds(policy) ? undefined : { policy: this.withoutErased(next(policy)) };
    });
  }

  /** What an owner commits names nobody any more who was erased; others may not change roles. */
  private withoutErased(policy: GroupPolicy): GroupPolicy {
    if (this.roleOf(this.core.own.user) !== "owner") return policy;
    return { ...policy, roles: policy.roles.filter(({ user }) => !this.erased.has(user)) };
  }

  /** One commit after another until `wanted` has nothing left to change. */
  private async change(wanted: (group: Group) => CommitChanges | undefined): Promise<void> {
    for (let attempt = 0; ; attempt += 1) {
      const group = await this.settledGroup();
      const changes = wanted(group);
      if (!changes) break;
      const refused = await this.judged(() => this.keeper.changes.make(group, changes));
      if (refused) await this.pauseAfter(attempt, refused);
      else if (attempt > attemptsAtMost) throw new SottoError("stale-epoch");
    }
    // A change of roles brings no new secrets by itself.
    if (this.state.record.mustSelfUpdate) await this.keeper.ready();
  }

  /** The group with nothing under way that would change it. */
  private async settledGroup(): Promise<Group> {
    if (!this.state.isMember) throw new SottoError("not-a-member");
    if (this.state.pending ?? !this.state.group) await this.keeper.ready();
    const { group } = this.state;
    if (!group) throw new SottoError("not-a-member", { detail: "This device is not in the group yet." });
    return group;
  }

  /** As `judged`; what passes by itself counts as a refusal for now. */
  private async asked(ask: () => Promise<SottoError | undefined>): Promise<SottoError | undefined> {
    try {
      return await this.judged(ask);
    } catch (error) {
      if (error instanceof SottoError && passesByWaiting.has(error.code)) return error;
      throw error;
    }
  }

  /** What the rules forbid is not sent at all: the same answer as the node's. */
  private async judged(ask: () => Promise<SottoError | undefined>): Promise<SottoError | undefined> {
    try {
      return await ask();
    } catch (error) {
      if (!(error instanceof SottoError) || error.code !== "commit-invalid") throw error;
      throw new SottoError("forbidden", { detail: error.message, cause: error });
    }
  }

  /** Throws what does not pass by itself. `commit-invalid`: judged by the group as it was when another commit came in between. */
  private async pauseAfter(attempt: number, refused: SottoError): Promise<void> {
    const passes = refused.retryable || refused.code === "commit-invalid";
    if (!passes || attempt > attemptsAtMost) throw refused;
    await delay(Math.max(refused.retryAfterMs ?? 0, backoffMs(attempt, 20, 1_000)), this.core.closing);
  }
}
