/**
 * Who may found the next generation of a conversation whose group cannot go on, with whom, and what its policy is. Members judge
 * by the last state that they hold, a node by what it knows of the group; both ask here. A direct has no policy.
 */
import { SottoError } from "../protocol/errors.ts";
import type { UserId } from "../protocol/ids.ts";
import { limits } from "../protocol/limits.ts";
import { roleOf, type GroupPolicy } from "./group-policy.ts";
import { hasUser, type DeviceInGroup } from "./policy-rules.ts";

/** `isLive`: whether the device is in its user's list, and not revoked. */
export interface DeviceOfGeneration extends Pick<DeviceInGroup, "user" | "device"> {
  readonly isLive: boolean;
}

/** The group that is to be succeeded. `members`: by leaf, without those who have left. */
export interface GenerationBefore {
  readonly policy: GroupPolicy | undefined;
  readonly members: readonly DeviceOfGeneration[];
}

export interface NewGeneration {
  readonly before: GenerationBefore;
  readonly founder: UserId;
  /** All devices of the new generation, the founder's among them. */
  readonly roster: readonly Pick<DeviceInGroup, "user">[];
}

/** A founding commit that is full brings the first devices; the others are added after it. */
export function isFullFounding(roster: NewGeneration["roster"]): boolean {
  return roster.length > limits.addsPerCommit;
}

/**
 * Either side of a direct, also one that has started over and has no device in it. Of a group, who holds a role and has a live device in it; where there is nobody, who has the first
 * live leaf: leaves are filled from the left, so it is the member that has stood longest.
 */
export function foundersOf({ policy, members }: GenerationBefore): UserId[] {
  if (!policy) return [...new Set(members.map(({ user }) => user))];
  const live = members.filter(({ isLive }) => isLive).map(({ user }) => user);
  const holders = live.filter((user) => roleOf(policy, user) !== "member");
  return [...new Set(holders.length > 0 ? holders : live.slice(0, 1))];
}

/** The same roles, of those who are there; where no owner is left, the founder is it. */
export function policyOfGeneration({ before, founder, roster }: NewGeneration): GroupPolicy | undefined {
  const { policy } = before;
  if (!policy) return undefined;
  const roles = policy.roles.filter(({ user }) => hasUser(roster, user));
  if (roles.some(({ role }) => role === "owner")) return { ...policy, roles };
  const others = roles.filter(({ user }) => user !== founder);
  const withFounder = [...others, { user: founder, role: "owner" as const }];
  return { ...policy, roles: withFounder.toSorted((one, other) => (one.user < other.user ? -1 : 1)) };
}

/**
 * Nobody comes by it, and nobody goes whom its founder may not remove: but for who has no live device, and for who is added next
 * because the commit is full. Throws `commit-invalid` with the rule that is broken.
 */
export function requireGenerationAllowed(generation: NewGeneration): void {
  const { before, founder, roster } = generation;
  if (!foundersOf(before).includes(founder)) refuse("the founder of a generation holds a role, or has stood longest");
  for (const { user } of roster) {
    if (before.policy && !hasUser(before.members, user)) refuse("nobody comes by a new generation");
  }
  const missing = before.members.filter(({ user, isLive }) => isLive && !hasUser(roster, user));
  const { policy } = before;
  const mayRemove = (user: UserId): boolean =>
    policy !== undefined && roleOf(policy, founder) !== "member" && roleOf(policy, user) === "member";
  if (!isFullFounding(roster) && missing.some(({ user }) => !mayRemove(user))) {
    refuse("nobody goes by a new generation but whom its founder may remove");
  }
}

function refuse(rule: string): never {
  throw new SottoError("commit-invalid", { detail: rule });
}
