import type { FramedContentCommit } from "ts-mls/framedContent.js";
import { unprotectPublicMessage } from "ts-mls/messageProtectionPublic.js";
import { processPublicMessage } from "ts-mls/processMessages.js";
import { emptyPskIndex } from "ts-mls/pskIndex.js";
import type { PublicMessage } from "ts-mls/publicMessage.js";
import { inspectCommit } from "../../identity/handshake.ts";
import type { InspectedCommit } from "../../identity/handshake.ts";
import { decodeMlsStrictly } from "../../identity/mls-decoding.ts";
import { nextLeaves } from "../../identity/next-leaves.ts";
import type { AppliedCommit, ConversationPolicy, GroupMember } from "../group-engine.ts";
import { MlsGroup } from "./mls-group.ts";
import { requireNextEpoch } from "./next-context.ts";
import { enterEpoch } from "./next-epoch.ts";
import { requireMatchingKeys } from "./private-path.ts";
import { releaseOf, secretsLeftBehind } from "./retained-secrets.ts";
import {
  memberOfLeaf,
  require,
  requireAllowed,
  requireAllowedInGroup,
  requireKind,
  requireSoundRoster,
} from "./roster-rules.ts";
import {
  changeOf,
  requireDistinctKeys,
  requireOnlyAnnouncedChanges,
  requireSameCommitter,
  requireWellFormedPath,
} from "./tree-rules.ts";
import type { CommitChange } from "./tree-rules.ts";

/** Another member's commit, checked before the library sees it and again against what the library made of it. */
export async function applyMlsCommit(
  group: MlsGroup,
  bytes: Uint8Array,
  policy: ConversationPolicy,
): Promise<AppliedCommit> {
  const inspected = await inspectCommit(bytes);
  const { committer, added, removed } = requireFitting(group, inspected, policy);
  const message = publicMessageOf(bytes);
  const change = changeOf(inspected.senderLeaf, commitOf(message).commit);
  const before = group.state.ratchetTree;
  requireSoundPathLeaf(group, change);
  requireWellFormedPath(before, change, group.primitives);
  if (inspected.removes.includes(group.ownLeaf)) {
    return { group: await leave(group, message), committer, added, removed, selfRemoved: true, release() {} };
  }
  const { newState } = await processPublicMessage(group.state, message, emptyPskIndex, group.primitives);
  requireNextEpoch(group.state, newState, inspected.policy ?? group.policy);
  requireOnlyAnnouncedChanges(before, newState.ratchetTree, change);
  requireDistinctKeys(newState.ratchetTree, change.adds);
  const next = await enterEpoch(newState, group.primitives);
  requireSoundRoster(next.members, policy);
  const { privatePath, ratchetTree } = next.state;
  await requireMatchingKeys(privatePath, ratchetTree, group.primitives, group.state.privatePath);
  const release = releaseOf(secretsLeftBehind(group.state, next.state));
  return { group: next, committer, added, removed, selfRemoved: false, release };
}

/**
 * The last state of a device that is removed. It can check who says so, no more: it has no part in the path. Not left to the
 * library, which takes a device whose leaf is given to another in the same commit for one that stays.
 */
async function leave(group: MlsGroup, message: PublicMessage): Promise<MlsGroup> {
  const { keySchedule, groupContext, ratchetTree } = group.state;
  await unprotectPublicMessage(keySchedule.membershipKey, groupContext, ratchetTree, message, group.primitives);
  return new MlsGroup({ ...group.state, groupActiveState: { kind: "removedFromGroup" } }, group.primitives, group);
}

/** Place, sender and roster: all that can be judged from what the commit says of itself. */
function requireFitting(
  group: MlsGroup,
  commit: InspectedCommit,
  policy: ConversationPolicy,
): Pick<AppliedCommit, "committer" | "added" | "removed"> {
  const isHere = commit.conversation === group.conversation && commit.generation === group.generation;
  require(isHere && commit.epoch === group.epoch, "the commit is for this group and epoch");
  require(commit.senderLeaf !== group.ownLeaf, "a device adopts its own commits, it does not apply them");
  requireKind(policy.kind, group.policy);
  require(policy.kind === "group" || !commit.policy, "a direct conversation has no group policy");
  const committer = memberOfLeaf(group, commit.senderLeaf);
  const removed = commit.removes.map((leaf) => memberOfLeaf(group, leaf));
  const added = addedMembers(group, commit);
  if (policy.kind === "direct") requireAllowed(group.members, committer, added, removed);
  else requireAllowedInGroup(group, committer.user, { added, removed, policy: commit.policy }, policy.leavers);
  return { committer, added, removed };
}

/** The new members with the leaves that they will have. */
function addedMembers(group: MlsGroup, commit: InspectedCommit): GroupMember[] {
  const leaves: (GroupMember | InspectedCommit["adds"][number] | null)[] = [];
  for (const member of group.members) {
    while (leaves.length < member.leaf) leaves.push(null);
    leaves.push(member);
  }
  const after = nextLeaves(leaves, commit.removes, commit.adds);
  return commit.adds.map((add) => {
    require(add.suite === group.suite, "a key package is of the group's suite");
    return { leaf: after.indexOf(add), ...add.credential, deviceKey: add.deviceKey };
  });
}

function requireSoundPathLeaf(group: MlsGroup, change: CommitChange): void {
  if (!change.path) return;
  const before = group.state.ratchetTree[change.senderLeaf * 2];
  require(before?.nodeType === "leaf", "the committer has a leaf");
  requireSameCommitter(before.leaf, change.path.leafNode);
}

function publicMessageOf(bytes: Uint8Array): PublicMessage {
  const message = decodeMlsStrictly(bytes);
  require(message.wireformat === "mls_public_message", "a commit is a PublicMessage");
  return message.publicMessage;
}

function commitOf(message: PublicMessage): FramedContentCommit {
  require(message.content.contentType === "commit", "a commit is a commit");
  return message.content;
}
