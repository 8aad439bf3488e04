import { equalBytes, toHex } from "../../protocol/equal-bytes.ts";
import type { GroupPolicy } from "../../identity/group-policy.ts";
import { hasUser, requireAllowedByPolicy } from "../../identity/policy-rules.ts";
import type { DeviceInGroup } from "../../identity/policy-rules.ts";
import { replacedUsers, requireWholeReplacement, type CertifiedDevice } from "../../identity/replacement-rules.ts";
import { isErasedUser } from "../../protocol/erased-users.ts";
import type { UserId } from "../../protocol/ids.ts";
import type { ConversationPolicy, Group, GroupMember } from "../group-engine.ts";

/** Thrown inside the engine; becomes `commit-invalid` or `undecryptable` at its edge. */
export class RuleBroken extends Error {
  override readonly name = "RuleBroken";
}

export function require(condition: boolean, rule: string): asserts condition {
  if (!condition) throw new RuleBroken(rule);
}

/** The member at a leaf of the group's current tree. */
export function memberOfLeaf(group: Group, leaf: number): GroupMember {
  const member = group.members.find((candidate) => candidate.leaf === leaf);
  require(member !== undefined, "the leaf has a member");
  return member;
}

/** A group has a policy, a direct has none. */
export function requireKind(kind: ConversationPolicy["kind"], policy: GroupPolicy | undefined): void {
  require(kind === "group" || !policy, "a direct conversation has no group policy");
  require(kind === "direct" || policy !== undefined, "a group has a policy");
}

/** Who has a role in a group is a member of it. */
export function requireSoundRoles(members: readonly GroupMember[], policy: GroupPolicy | undefined): void {
  for (const { user } of policy?.roles ?? []) require(hasUser(members, user), "who has a role is a member");
}

/** What holds for every roster: one leaf per device, one account key per user, and only the users of the conversation. */
export function requireSoundRoster(members: readonly GroupMember[], policy?: ConversationPolicy): void {
  const devices = new Set<string>();
  const accountKeys = new Map<string, string>();
  for (const { user, device, accountKey } of members) {
    require(!devices.has(device), "a device has one leaf");
    devices.add(device);
    const key = toHex(accountKey);
    require((accountKeys.get(user) ?? key) === key, "a user's devices name one account key");
    accountKeys.set(user, key);
  }
  if (policy?.kind === "direct") requirePair([...accountKeys.keys()], policy.users);
  require(new Set(accountKeys.values()).size === accountKeys.size, "two users have two account keys");
}

/** Somebody who was erased is in the tree under the name, which who joins later cannot know: one whom nobody names is taken for them. */
function requirePair(present: readonly string[], pair: readonly UserId[]): void {
  const strangers = present.filter((user) => !pair.some((one) => one === user));
  const isPair = strangers.length <= pair.filter(isErasedUser).length;
  require(isPair, "only the two users are in a direct conversation");
}

/** What a member of a direct conversation may commit; who is in it afterwards is for `requireSoundRoster`. */
export function requireAllowed(
  members: readonly GroupMember[],
  committer: GroupMember,
  added: readonly GroupMember[],
  removed: readonly GroupMember[],
): void {
  const replaced = replacedUsers(members, added);
  requireWholeReplacement({ members, removes: removed, replaced });
  for (const leaver of removed) {
    const mayGo = leaver.user === committer.user || replaced.includes(leaver.user);
    require(mayGo || isReadded(leaver, added), "a member removes its own user's devices");
  }
  for (const joiner of added) {
    const before = removed.find((leaver) => leaver.device === joiner.device);
    require(!before || isSameDevice(before, joiner), "a device that is added again has the key it had");
  }
}

/** What a member of a group may commit, by the roles before the commit. Throws `commit-invalid` or `group-full`. */
export function requireAllowedInGroup(
  group: Group,
  committer: UserId,
  change: {
    added: readonly (DeviceInGroup & CertifiedDevice)[];
    removed: readonly DeviceInGroup[];
    policy: GroupPolicy | undefined;
  },
  leavers: readonly UserId[] = [],
): void {
  const { suite, members, policy } = group;
  require(policy !== undefined, "a group has a policy");
  const { added: adds, removed: removes, policy: newPolicy } = change;
  const replaced = replacedUsers(members, adds);
  requireAllowedByPolicy({ policy, suite, members, committer, adds, removes, newPolicy, leavers, replaced });
}

function isReadded(leaver: GroupMember, added: readonly GroupMember[]): boolean {
  return added.some((joiner) => isSameDevice(leaver, joiner));
}

function isSameDevice(one: GroupMember, other: GroupMember): boolean {
  return one.device === other.device && one.user === other.user && equalBytes(one.deviceKey, other.deviceKey);
}
