import type { UserId } from "../protocol/ids.ts";
import type { CheckedCommit, PublicChecks } from "./ports/public-checks.ts";
import type { DeviceRow } from "./ports/store-devices.ts";
import type { Store } from "./ports/store.ts";

/**
 * Users who have started over and whom a commit adds under their new account key. `members`: the devices in the group before it.
 * Under which key a device was certified, its user's list says: a reset after it names the key that it replaces.
 */
export async function findReplaced(
  { store, checks }: { store: Store; checks: PublicChecks },
  members: readonly DeviceRow[],
  { adds }: CheckedCommit,
): Promise<UserId[]> {
  const added = adds.map(({ credential }) => credential);
  const concerned = members.filter(({ user }) => added.some((one) => one.user === user));
  if (concerned.length === 0) return [];
  const users = [...new Set(concerned.map(({ user }) => user))];
  const oldest = (user: UserId): number =>
    Math.min(...concerned.filter((one) => one.user === user).map(({ addedVersion }) => addedVersion));
  const lists = await store.readDeviceLists(users.map((user) => ({ user, after: oldest(user) })));
  const certified = concerned.flatMap(({ user, addedVersion }) => {
    const list = lists.find((one) => one.user === user);
    if (!list?.accountKey) return [];
    return [{ user, accountKey: checks.accountKeyAt(list.entries, addedVersion, list.accountKey) }];
  });
  return checks.replacedUsers(certified, added);
}
