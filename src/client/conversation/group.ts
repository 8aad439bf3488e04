import { roleOf } from "../../identity/group-policy.ts";
import { SottoError } from "../../protocol/errors.ts";
import type { DeviceId, UserId } from "../../protocol/ids.ts";
import { limits } from "../../protocol/limits.ts";
import { requireUserId } from "../require-user-id.ts";
import type { ConversationActor } from "./conversation-actor.ts";
import { Conversation } from "./conversation.ts";
import type { AddOptions, AddOutcome } from "./group-administration.ts";
import { requireLifetime } from "./written-text.ts";

export type GroupRole = "owner" | "admin" | "member";

/**
 * A conversation of many. Its members sign who is in it and who may change that. Errors of what changes it: `forbidden` by the
 * rules of roles, `not-a-member`, and those of the connection.
 */
export class Group extends Conversation {
  readonly kind = "group";
  private readonly own: UserId;

  constructor(actor: ConversationActor, own: UserId, closing: AbortSignal) {
    super(actor, closing);
    this.own = own;
  }

  /** Null until somebody has said it. */
  get name(): string | null {
    return this.actor.state.record.name;
  }

  /** How this user got out of the group; null while it is in. What was said before stays readable. */
  get left(): "left" | "removed" | null {
    return this.actor.state.record.left?.how ?? null;
  }

  /** This user's. */
  get role(): GroupRole {
    return this.actor.administration.roleOf(this.own);
  }

  /**
   * The devices in the group, as its tree has them; empty before it is founded or joined. `erased`: the user was erased; whoever may remove
   * users can take the devices out.
   */
  override get members(): { user: UserId; device: DeviceId; role: GroupRole; erased?: true }[] {
    const { group, record } = this.actor.state;
    const inIt = (group?.members ?? []).filter(({ user }) => !record.leavers.includes(user));
    return inIt.map(({ user, device }) => ({
      user,
      device,
      role: group?.policy ? roleOf(group.policy, user) : "member",
      ...(record.erased?.some((one) => one.user === user) && { erased: true }),
    }));
  }

  /** Each user once, in order of the ids. */
  get users(): { user: UserId; role: GroupRole; erased?: true }[] {
    const users = new Map(this.members.map(({ device: _, ...member }) => [member.user, member]));
    return [...users.values()].toSorted((a, b) => (a.user < b.user ? -1 : 1));
  }

  /** Users who are added by this device as soon as they have one of their own. */
  get invited(): UserId[] {
    return [...this.actor.state.record.invited];
  }

  /**
   * Adds a user with all devices. `invited`: there is none yet. `shareHistory`: it may read what was said before, as far as this user may,
   * also where it is in the group already; `invalid-argument` where no history is kept. Also `group-full`.
   */
  async add(user: string, options: AddOptions = {}): Promise<AddOutcome> {
    const added = await this.addAll([user], options);
    return added.get(user as UserId) ?? "invited";
  }

  /** The same for many, in as few changes of the group as can be. */
  async addAll(users: readonly string[], options: AddOptions = {}): Promise<Map<UserId, AddOutcome>> {
    return this.actor.administration.add(users.map(requireUserId), options);
  }

  /** Removes a user with all devices, an erased one by name or pseudonym; a role is taken away first, which only owners may. */
  async remove(user: string): Promise<void> {
    return this.actor.administration.remove(requireUserId(user));
  }

  async setRole(user: string, role: GroupRole): Promise<void> {
    if (!["owner", "admin", "member"].includes(role)) {
      throw new SottoError("invalid-argument", { detail: "A role is owner, admin or member." });
    }
    await this.actor.administration.setRole(requireUserId(user), role);
  }

  /** Resolves when the node has accepted it. */
  async rename(name: string): Promise<void> {
    if (this.left) throw new SottoError("not-a-member");
    if (this.role === "member") throw new SottoError("forbidden", { detail: "Owners and admins name a group." });
    await this.actor.naming.rename(name);
  }

  /** How many days messages are kept here; null: as long as the deployment keeps them, which counts where it is shorter. */
  get retention(): number | null {
    return this.actor.state.group?.policy?.retentionDays ?? null;
  }

  /** How many seconds a message lasts once it is read; null: messages stay. */
  get disappearing(): number | null {
    return this.actor.state.group?.policy?.disappearingSeconds ?? null;
  }

  /**
   * Owners and admins say how many days messages are kept, 1 to 3650; null: as long as the deployment keeps them. It counts for what was said
   * before, too: what is older goes from the node and from all devices, and does not come back where it is lengthened again.
   */
  async setRetention(days: number | null): Promise<void> {
    if (days !== null && !(Number.isInteger(days) && days >= 1 && days <= limits.retentionDays)) {
      throw new SottoError("invalid-argument", {
        detail: `A retention is 1 to ${limits.retentionDays} days, or null.`,
      });
    }
    await this.actor.administration.setRetention(days);
  }

  /** Owners and admins say how many seconds a message lasts once it is read; null: messages stay. For what is sent from then on. */
  async setDisappearing(seconds: number | null): Promise<void> {
    if (seconds !== null) requireLifetime(seconds);
    await this.actor.administration.setDisappearing(seconds);
  }

  /** Leaves with all devices. The only owner makes somebody else one first. */
  leave(): Promise<void> {
    return this.actor.administration.leave();
  }
}
