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
  const { members, replaced } = roster;
  if (members.length < roster.before.filter((leaf) => leaf !== null).length)
    refuse("A device of the group is not known.");
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
    replaced,
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
