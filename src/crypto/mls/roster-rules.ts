import { equalBytes, toHex } from "../../identity/equal-bytes.ts";
import type { DirectPolicy, GroupMember } from "../group-engine.ts";

/** Thrown inside the engine; becomes `commit-invalid` or `undecryptable` at its edge. */
export class RuleBroken extends Error {
  override readonly name = "RuleBroken";
}

export function require(condition: boolean, rule: string): asserts condition {
  if (!condition) throw new RuleBroken(rule);
}

/** What holds for every roster: one leaf per device, one account key per user, and only the users of the conversation. */
export function requireSoundRoster(members: readonly GroupMember[], policy?: DirectPolicy): void {
  const devices = new Set<string>();
  const accountKeys = new Map<string, string>();
  for (const { user, device, accountKey } of members) {
    require(!devices.has(device), "a device has one leaf");
    devices.add(device);
    const key = toHex(accountKey);
    require((accountKeys.get(user) ?? key) === key, "a user's devices name one account key");
    accountKeys.set(user, key);
    require(!policy || policy.users.includes(user), "only the two users are in a direct conversation");
  }
  require(new Set(accountKeys.values()).size === accountKeys.size, "two users have two account keys");
}

/** What a member of a direct conversation may commit; who is in it afterwards is for `requireSoundRoster`. */
export function requireAllowed(
  committer: GroupMember,
  added: readonly GroupMember[],
  removed: readonly GroupMember[],
): void {
  for (const leaver of removed) {
    const isOwn = leaver.user === committer.user;
    require(isOwn || isReadded(leaver, added), "a member removes its own user's devices");
  }
  for (const joiner of added) {
    const before = removed.find((leaver) => leaver.device === joiner.device);
    require(!before || isSameDevice(before, joiner), "a device that is added again has the key it had");
  }
}

function isReadded(leaver: GroupMember, added: readonly GroupMember[]): boolean {
  return added.some((joiner) => isSameDevice(leaver, joiner));
}

function isSameDevice(one: GroupMember, other: GroupMember): boolean {
  return one.device === other.device && one.user === other.user && equalBytes(one.deviceKey, other.deviceKey);
}
