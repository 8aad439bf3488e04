/**
 * Whether a commit does what its sender may do in a group. Owns what a node knows of a group: its suite, its policy as the
 * founding commit brought it, who has left. The rules themselves are those of the members (`requireAllowedByPolicy`).
 */
import type { DeviceId, UserId } from "../protocol/ids.ts";
import {
  changeOf,
  readRosterChange,
  refuse,
  type Change,
  type CommitCheckOptions,
  type CommitPorts,
  type CurrentCommit,
} from "./commit-parts.ts";
import type { CheckedCommit, CheckedDevice } from "./ports/public-checks.ts";
import type { ConversationRow } from "./ports/store-conversations.ts";
import type { Store } from "./ports/store.ts";

/** Throws `commit-invalid`, `not-a-member`, `group-full`. */
export async function checkGroupChange(
  ports: CommitPorts & CommitCheckOptions,
  commit: CurrentCommit,
): Promise<Change> {
  const { caller, row, inspected } = commit;
  const facts = row.group!;
  const founds = row.generation === 0;
  if (founds && facts.creator !== caller.user) refuse("A group is founded by who made room for it.");
  const roster = await readRosterChange(ports, commit);
  const members = await devicesOf(ports.store, roster.before);
  const adds = inspected.adds.map(({ credential, deviceKey, suite }) => {
    if (suite !== facts.suite) refuse("An Add is of another suite than the group.");
    return { user: credential.user, device: credential.device, deviceKey };
  });
  ports.checks.requireAllowedByPolicy({
    policy: founds ? undefined : (facts.policy ?? undefined),
    suite: facts.suite,
    members,
    committer: caller.user,
    adds,
    removes: members.filter(({ device }) => roster.removed.includes(device)),
    newPolicy: inspected.policy,
    leavers: facts.leavers,
  });
  const group = groupAfter(row, members, { ...roster, policy: inspected.policy });
  return { ...changeOf(ports, commit, roster), group };
}

function groupAfter(
  { users, group }: ConversationRow,
  members: readonly CheckedDevice[],
  change: { added: { user: UserId; device: DeviceId }[]; removed: DeviceId[]; policy: CheckedCommit["policy"] },
): NonNullable<Change["group"]> {
  const facts = group!;
  const stay = members.filter(({ device }) => !change.removed.includes(device));
  const before = new Set(members.map(({ user }) => user));
  const after = new Set([...stay, ...change.added].map(({ user }) => user));
  return {
    policy: change.policy ?? facts.policy,
    leavers: facts.leavers.filter((user) => after.has(user)),
    leaversBefore: facts.leavers,
    // Who comes back after a founding that was full has been a member all the time.
    joined: [...after].filter((user) => !before.has(user) && !users.includes(user)),
    gone: [...before].filter((user) => !after.has(user)),
  };
}

async function devicesOf(store: Store, leaves: readonly (DeviceId | null)[]): Promise<CheckedDevice[]> {
  const devices = leaves.filter((leaf) => leaf !== null);
  const rows = await store.findDevices(devices);
  return rows.map((row) => row ?? refuse("A device of the group is not known."));
}
