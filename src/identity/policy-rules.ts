/**
 * Who may change what in a group: the one place that says so. Members ask it before they follow a commit or make one, a
 * node before it lets one into the log. Judged by the roles before the change and by the log alone: no clock, no pin,
 * no device list. Invariant: who holds a role is a member, from the founding on, so a role never outlives its user.
 */
import { SottoError } from "../protocol/errors.ts";
import type { DeviceId, UserId } from "../protocol/ids.ts";
import { devicesPerGroup } from "../protocol/limits.ts";
import { equalBytes } from "../protocol/equal-bytes.ts";
import type { GroupPolicy } from "./group-policy.ts";
import { roleOf } from "./group-policy.ts";
import { requireWholeReplacement } from "./replacement-rules.ts";

/** A device in a group. `deviceKey`: 32 bytes. */
export interface DeviceInGroup {
  readonly user: UserId;
  readonly device: DeviceId;
  readonly deviceKey: Uint8Array;
}

/** What a commit does, and the group that it does it to. */
export interface GroupChange {
  /** The policy before the commit; undefined where the log of a group begins: the commit brings the first one. */
  readonly policy: GroupPolicy | undefined;
  readonly suite: number;
  /** All devices before the commit, the committer's among them. */
  readonly members: readonly DeviceInGroup[];
  readonly committer: UserId;
  readonly adds: readonly DeviceInGroup[];
  readonly removes: readonly DeviceInGroup[];
  /** Where the commit brings a policy. */
  readonly newPolicy: GroupPolicy | undefined;
  /** Users whose signed leave stands in the log after they were last added. */
  readonly leavers: readonly UserId[];
  /** Users who have started over, and come back under another account key (`replacedUsers`): anybody replaces them, and they keep their role. */
  readonly replaced: readonly UserId[];
}

/** Throws `commit-invalid` with the rule that the change breaks, `group-full` for a device more than the suite can have. */
export function requireAllowedByPolicy(change: GroupChange): void {
  const { policy, newPolicy } = change;
  if (!policy) return requireFounding(change);
  if (newPolicy) return requireNewPolicy(change, policy, newPolicy);
  requireWholeReplacement(change);
  for (const removed of change.removes) requireRemoval(change, policy, removed);
  for (const added of change.adds) requireAddition(change, policy, added);
  if (change.adds.length > 0) requireNobodyLeaving(change);
  const devices = change.members.length - change.removes.length + change.adds.length;
  if (change.adds.length > 0 && devices > (devicesPerGroup[change.suite] ?? 0)) throw new SottoError("group-full");
}

/** Nobody but the founder is there to hold a role, and the node learns the policy by this commit. */
function requireFounding({ newPolicy, committer, members, adds, removes }: GroupChange): void {
  require(newPolicy !== undefined, "a group begins with its policy");
  require(adds.length === 0 && removes.length === 0, "a policy is changed by itself");
  const isAlone = members.every(({ user }) => user === committer);
  const ownsAlone = newPolicy.roles.length === 1 && roleOf(newPolicy, committer) === "owner";
  require(isAlone && ownsAlone, "the founder is the first owner, and alone holds a role");
}

/** Only owners make and unmake owners and admins; whoever has a role may give its own up, or part of it. */
function requireNewPolicy(change: GroupChange, before: GroupPolicy, after: GroupPolicy): void {
  const { committer, members, adds, removes } = change;
  require(adds.length === 0 && removes.length === 0, "a policy is changed by itself");
  const role = roleOf(before, committer);
  require(role !== "member", "owners and admins change the policy");
  for (const { user } of [...before.roles, ...after.roles]) {
    const [old, next] = [roleOf(before, user), roleOf(after, user)];
    const isOwnLess = user === committer && rank[next] < rank[old];
    require(old === next || role === "owner" || isOwnLess, "owners make and unmake owners and admins");
    require(next === "member" || hasUser(members, user), "who has a role is a member");
  }
}

function requireRemoval(change: GroupChange, policy: GroupPolicy, removed: DeviceInGroup): void {
  const { committer, leavers, members, removes, replaced } = change;
  if (removed.user === committer || replaced.includes(removed.user) || isReadded(removed, change)) return;
  const isManaged = roleOf(policy, committer) !== "member" || leavers.includes(removed.user);
  require(isManaged, "owners and admins remove users, everybody removes who has left");
  require(roleOf(policy, removed.user) === "member", "a role is taken away before its user is removed");
  const ofUser = members.filter(({ user }) => user === removed.user);
  const isWhole = ofUser.every((one) => removes.some(({ device }) => device === one.device) && !isReadded(one, change));
  require(isWhole, "a user is removed with all devices");
}

function requireAddition(change: GroupChange, policy: GroupPolicy, added: DeviceInGroup): void {
  const { committer, leavers, members, removes } = change;
  const before = removes.find(({ device }) => device === added.device);
  require(!before || isSameDevice(before, added), "a device that is added again has the key it had");
  require(!leavers.includes(added.user), "who has left is removed before it is added");
  const mayAdd = hasUser(members, added.user) || roleOf(policy, committer) !== "member";
  require(mayAdd, "owners and admins add users");
}

/** Whoever joins knows nothing of leaves before: none is open when its log begins. */
function requireNobodyLeaving({ leavers, members, removes }: GroupChange): void {
  const stays = members.filter(({ device }) => !removes.some((removed) => removed.device === device));
  require(!stays.some(({ user }) => leavers.includes(user)), "who has left is removed before anybody is added");
}

const rank = { member: 0, admin: 1, owner: 2 } as const;

/** Whether the user has a device among them. */
export function hasUser(members: readonly Pick<DeviceInGroup, "user">[], user: UserId): boolean {
  return members.some((member) => member.user === user);
}

function isReadded(removed: DeviceInGroup, { adds }: GroupChange): boolean {
  return adds.some((added) => isSameDevice(removed, added));
}

function isSameDevice(one: DeviceInGroup, other: DeviceInGroup): boolean {
  return one.device === other.device && one.user === other.user && equalBytes(one.deviceKey, other.deviceKey);
}

function require(condition: boolean, rule: string): asserts condition {
  if (!condition) throw new SottoError("commit-invalid", { detail: rule });
}
