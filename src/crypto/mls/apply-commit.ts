import type { FramedContentCommit } from "ts-mls/framedContent.js";
import type { ClientState } from "ts-mls/clientState.js";
import { unprotectPublicMessage } from "ts-mls/messageProtectionPublic.js";
import { processPublicMessage } from "ts-mls/processMessages.js";
import { emptyPskIndex } from "ts-mls/pskIndex.js";
import type { PublicMessage } from "ts-mls/publicMessage.js";
import { inspectCommit } from "../../identity/handshake.ts";
import type { InspectedCommit } from "../../identity/handshake.ts";
import { decodeMlsStrictly } from "../../identity/mls-decoding.ts";
import { nextLeaves } from "../../identity/next-leaves.ts";
import { equalBytes } from "../../identity/equal-bytes.ts";
import type { AppliedCommit, DirectPolicy, GroupMember } from "../group-engine.ts";
import { MlsGroup, memberAt } from "./mls-group.ts";
import { enterEpoch } from "./next-epoch.ts";
import { requireMatchingKeys } from "./private-path.ts";
import { releaseOf, secretsLeftBehind } from "./retained-secrets.ts";
import { require, requireAllowed, requireSoundRoster } from "./roster-rules.ts";
import {
  changeOf,
  requireDistinctKeys,
  requireOnlyAnnouncedChanges,
  requireSameCommitter,
  requireWellFormedPath,
} from "./tree-rules.ts";
import type { CommitChange } from "./tree-rules.ts";

/** Another member's commit, checked before the library sees it and again against what the library made of it. */
export async function applyMlsCommit(group: MlsGroup, bytes: Uint8Array, policy: DirectPolicy): Promise<AppliedCommit> {
  const inspected = await inspectCommit(bytes);
  const { committer, added, removed } = requireFitting(group, inspected);
  const message = publicMessageOf(bytes);
  const change = changeOf(inspected.senderLeaf, commitOf(message).commit);
  const before = group.state.ratchetTree;
  requireSoundPathLeaf(group, change);
  requireWellFormedPath(before, change, group.primitives);
  if (inspected.removes.includes(group.ownLeaf)) {
    return { group: await leave(group, message), committer, added, removed, selfRemoved: true, release() {} };
  }
  const { newState } = await processPublicMessage(group.state, message, emptyPskIndex, group.primitives);
  requireNextEpoch(group.state, newState);
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
): Pick<AppliedCommit, "committer" | "added" | "removed"> {
  const isHere = commit.conversation === group.conversation && commit.generation === group.generation;
  require(isHere && commit.epoch === group.epoch, "the commit is for this group and epoch");
  require(commit.senderLeaf !== group.ownLeaf, "a device adopts its own commits, it does not apply them");
  require(!commit.changesExtensions, "a direct conversation has no group policy");
  const memberOf = (leaf: number): GroupMember => {
    const member = group.members.find((candidate) => candidate.leaf === leaf);
    require(member !== undefined, "the leaf has a member");
    return member;
  };
  const committer = memberOf(commit.senderLeaf);
  const removed = commit.removes.map(memberOf);
  const added = addedMembers(group, commit);
  requireAllowed(committer, added, removed);
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

/** A commit changes epoch, tree and transcript of the group context, and nothing else of it. */
function requireNextEpoch(before: ClientState, after: ClientState): void {
  const [old, next] = [before.groupContext, after.groupContext];
  require(next.epoch === old.epoch + 1n, "a commit ends one epoch");
  const isSame =
    old.version === next.version && old.cipherSuite === next.cipherSuite && equalBytes(old.groupId, next.groupId);
  require(isSame && next.extensions.length === 0, "a commit leaves the group context");
  require(equalBytes(before.signaturePrivateKey, after.signaturePrivateKey), "a commit leaves our own key");
  require(memberAt(after.ratchetTree, after.privatePath.leafIndex) !== undefined, "we have a leaf");
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
