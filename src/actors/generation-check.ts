/**
 * Whether a commit may found the next generation of a conversation: a new group, in the place of one that cannot go on. The rules
 * are those of the members (`requireGenerationAllowed`). The commit says nothing of a policy: the node knows what it has to be.
 */
import type { DeviceId, UserId } from "../protocol/ids.ts";
import {
  changeOf,
  isLive,
  readRosterChange,
  refuse,
  type Change,
  type CommitCheckOptions,
  type CommitPorts,
  type CurrentCommit,
} from "./commit-parts.ts";
import type { CheckedGeneration } from "./ports/public-checks.ts";
import type { ConversationRow, GroupFacts } from "./ports/store-conversations.ts";
import type { Store } from "./ports/store.ts";

/** Throws `commit-invalid`. */
export async function checkGeneration(ports: CommitPorts & CommitCheckOptions, commit: CurrentCommit): Promise<Change> {
  const { caller, row, inspected } = commit;
  if (inspected.policy || inspected.removes.length > 0) refuse("A generation begins with Adds alone.");
  const roster = await readRosterChange(ports, commit);
  const { user, device } = caller;
  const devices = [{ user, device }, ...roster.added];
  if (devices.some((one) => !row.users.includes(one.user))) refuse("A generation is of the conversation's users.");
  const suite = row.group?.suite ?? inspected.adds[0]?.suite;
  if (inspected.adds.some((add) => add.suite !== suite)) refuse("An Add is of another suite than the group.");
  const generation = { before: await groupBefore(ports.store, row), founder: user, roster: devices };
  ports.checks.requireGenerationAllowed(generation);
  const replaced = withoutDeviceBefore(generation);
  const change = changeOf(ports, commit, { ...roster, replaced });
  if (!row.group) return change;
  const gone = ports.checks.isFullFounding(devices) ? [] : absent(row.users, devices);
  const policy = ports.checks.policyOfGeneration(generation) ?? null;
  return { ...change, group: { policy, leavers: [], leaversBefore: row.group.leavers, joined: [], gone } };
}

/** A user whose devices are not in the tree at the moment is a member still, and may be among those of the new generation. */
async function groupBefore(store: Store, row: ConversationRow): Promise<CheckedGeneration["before"]> {
  const leaves = row.leaves.filter((leaf) => leaf !== null);
  const rows = await store.findDevices(leaves);
  const members = rows.flatMap((found, index): CheckedGeneration["before"]["members"][number][] => {
    if (!found || !isMember(row, found.user)) return [];
    return [{ user: found.user, device: leaves[index]!, isLive: isLive(found, found.user) }];
  });
  return { policy: row.group?.policy ?? undefined, members };
}

function isMember({ users, group }: { users: UserId[]; group: GroupFacts | null }, user: UserId): boolean {
  return users.includes(user) && !group?.leavers.includes(user);
}

const absent = (users: readonly UserId[], roster: readonly { user: UserId; device: DeviceId }[]): UserId[] =>
  users.filter((user) => !roster.some((one) => one.user === user));

/** Who is in the new generation, and had no live device in the group before. */
function withoutDeviceBefore({ before, roster }: CheckedGeneration): UserId[] {
  const dead = before.members.filter(({ user }) => roster.some((one) => one.user === user));
  return [...new Set(dead.map(({ user }) => user))].filter(
    (user) => !before.members.some((one) => one.user === user && one.isLive),
  );
}
