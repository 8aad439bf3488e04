/**
 * What a replacement is: one commit that takes out all devices of a user who has started over and adds devices under the new account
 * key. Judged by the accounts keys in the group and in the commit alone; that the new key is the user's is for the node, which
 * knows the list, and for the pins of members, who are told.
 */
import { SottoError } from "../protocol/errors.ts";
import type { UserId } from "../protocol/ids.ts";
import { equalBytes } from "../protocol/equal-bytes.ts";
import type { DeviceInGroup } from "./policy-rules.ts";

/** A device, and the account key that has certified it (32 bytes). */
export interface CertifiedDevice extends Pick<DeviceInGroup, "user"> {
  readonly accountKey: Uint8Array;
}

/** Users with a device in the group who are added under another account key. */
export function replacedUsers(members: readonly CertifiedDevice[], adds: readonly CertifiedDevice[]): UserId[] {
  const isAddedAnew = ({ user, accountKey }: CertifiedDevice): boolean =>
    adds.some((added) => added.user === user && !equalBytes(added.accountKey, accountKey));
  return [...new Set(members.filter(isAddedAnew).map(({ user }) => user))];
}

/** Throws `commit-invalid` where a device of who is replaced would stay. */
export function requireWholeReplacement(change: {
  readonly members: readonly Pick<DeviceInGroup, "user" | "device">[];
  readonly removes: readonly Pick<DeviceInGroup, "device">[];
  readonly replaced: readonly UserId[];
}): void {
  const { members, removes, replaced } = change;
  const stays = members.filter(({ device }) => !removes.some((removed) => removed.device === device));
  if (stays.some(({ user }) => replaced.includes(user))) {
    throw new SottoError("commit-invalid", { detail: "who starts over is replaced with all devices" });
  }
}
