import type { AcceptCommit, CommitOutcome } from "../../../actors/ports/store-conversations.ts";
import type { DeviceId, UserId } from "../../../protocol/ids.ts";
import { acceptedAtOf, foundsGeneration } from "../../acceptance.ts";
import { blobOf, idOf, leavesBlob, sameBytes } from "../../blobs.ts";
import { knowsLeavers } from "../../leaving.ts";
import type { StoreContext } from "../store-context.ts";
import { appendToLog } from "./append-to-log.ts";
import { markDue, type DueState } from "./due.ts";
import { changeGroup } from "./groups.ts";
import { expireReplaced } from "./expiry.ts";
import { deleteReadd, deleteWelcomes, inboxKinds, postToInbox } from "./inbox.ts";

interface GroupRow extends DueState {
  generation: number;
  epoch: number;
  rosterEpoch: number;
  head: number;
  lastAcceptedAt: number;
}

/** See `ConversationStore.acceptCommit`. Everything is checked before anything is written. */
export function acceptCommit(context: StoreContext, commit: AcceptCommit): CommitOutcome {
  const conversation = blobOf(commit.conversation);
  const group = context.db.get<GroupRow>(
    `SELECT c.generation, c.epoch, c.roster_epoch AS rosterEpoch, c.head, c.last_accepted_at AS lastAcceptedAt,
       due.attempt AS dueAttempt, due.since AS dueSince
     FROM conversations c LEFT JOIN due ON due.conversation = c.conversation WHERE c.conversation = ?`,
    conversation,
  );
  const refusal = group === undefined ? ({ status: "not-a-member" } as const) : refusalOf(context, commit, group);
  if (group === undefined || refusal !== undefined) return refusal ?? { status: "not-a-member" };
  const sequence = group.head + 1;
  const acceptedAt = acceptedAtOf(context.now, group.lastAcceptedAt, commit.acceptedAt);
  appendToLog(context, { ...commit, kind: "commit", payload: commit.commit, sequence, acceptedAt });
  advanceGroup(context, commit, group);
  const isNewGeneration = group.generation > 0 && foundsGeneration(commit, group);
  if (isNewGeneration) succeedRoster(context, commit, sequence, acceptedAt);
  else changeRoster(context, commit, sequence, acceptedAt);
  if (commit.group) changeGroup(context, conversation, commit.group, sequence);
  const inbox = postWelcome(context, commit, sequence);
  const expired = expireReplaced(context, commit, { sequence: sequence - 1, at: acceptedAt });
  markDue(context, conversation, acceptedAt, group);
  return { status: "accepted", sequence, acceptedAt, inbox, expired };
}

function refusalOf(context: StoreContext, commit: AcceptCommit, group: GroupRow): CommitOutcome | undefined {
  const { sender } = commit;
  const conversation = blobOf(commit.conversation);
  if (!isMember(context, conversation, sender.user)) return { status: "not-a-member" };
  const known = findAccepted(context, commit);
  if (known !== undefined) return known;
  const device = context.db.get<{ user: UserId; revokedAt: number | null }>(
    "SELECT user, revoked_at AS revokedAt FROM devices WHERE device = ?",
    blobOf(sender.device),
  );
  if (device?.user !== sender.user) return { status: "not-a-member" };
  if (device.revokedAt !== null) return { status: "device-revoked" };
  if (commit.seen !== undefined && commit.seen > group.head) return { status: "diverged" };
  const founds = foundsGeneration(commit, group);
  if (!founds && (commit.generation !== group.generation || commit.epoch !== group.epoch || group.generation === 0)) {
    return { status: "stale-epoch" };
  }
  if (commit.group && !nobodyLeft(context, commit)) return { status: "stale-epoch" };
  const inGroup = founds
    ? commit.added.some((added) => added.device === sender.device && added.user === sender.user)
    : isInGroup(context, conversation, sender.device);
  const joined = commit.group?.joined ?? [];
  const addable = commit.added.every((added) => isAddable(context, conversation, added, joined.includes(added.user)));
  return inGroup && addable ? undefined : { status: "not-a-member" };
}

function nobodyLeft({ db }: StoreContext, commit: AcceptCommit): boolean {
  const sql = "SELECT leavers FROM conversation_groups WHERE conversation = ?";
  const row = db.get<{ leavers: string }>(sql, blobOf(commit.conversation));
  return row !== undefined && knowsLeavers(commit, row.leavers);
}

function isMember({ db }: StoreContext, conversation: Uint8Array, user: UserId): boolean {
  return (
    db.get(
      "SELECT 1 AS found FROM members WHERE conversation = ? AND user = ? AND left_sequence IS NULL",
      conversation,
      user,
    ) !== undefined
  );
}

function isInGroup({ db }: StoreContext, conversation: Uint8Array, device: DeviceId): boolean {
  const found = db.get(
    "SELECT 1 AS found FROM conversation_devices WHERE conversation = ? AND device = ? AND left_sequence IS NULL",
    conversation,
    blobOf(device),
  );
  return found !== undefined;
}

function isAddable(
  context: StoreContext,
  conversation: Uint8Array,
  added: { user: UserId; device: DeviceId },
  comesAnew: boolean,
): boolean {
  const live = context.db.get(
    "SELECT 1 AS found FROM devices WHERE device = ? AND user = ? AND revoked_at IS NULL",
    blobOf(added.device),
    added.user,
  );
  return live !== undefined && (comesAnew || isMember(context, conversation, added.user));
}

/** The commit that ended this epoch, where it is this very one. */
function findAccepted({ db }: StoreContext, commit: AcceptCommit): CommitOutcome | undefined {
  const row = db.get<{ sequence: number; acceptedAt: number; id: Uint8Array; device: Uint8Array; payload: Uint8Array }>(
    `SELECT sequence, accepted_at AS acceptedAt, id, sender_device AS device, payload FROM messages
     WHERE conversation = ? AND generation = ? AND epoch = ? AND kind = 1`,
    blobOf(commit.conversation),
    commit.generation,
    commit.epoch,
  );
  if (row === undefined || !sameBytes(row.id, blobOf(commit.id)) || !sameBytes(row.payload, commit.commit))
    return undefined;
  if (!sameBytes(row.device, blobOf(commit.sender.device))) return undefined;
  return { status: "already-accepted", sequence: row.sequence, acceptedAt: row.acceptedAt };
}

/** The head has moved with the entry; see the trigger in the schema. */
function advanceGroup({ db }: StoreContext, commit: AcceptCommit, group: GroupRow): void {
  const conversation = blobOf(commit.conversation);
  const changesRoster = commit.added.length > 0 || commit.removed.length > 0;
  db.run(
    "UPDATE conversations SET generation = ?, epoch = ?, roster_epoch = ?, last_commit = head WHERE conversation = ?",
    commit.generation,
    commit.epoch + 1,
    changesRoster ? commit.epoch + 1 : group.rosterEpoch,
    conversation,
  );
  db.run(
    `INSERT INTO rosters (conversation, leaves) VALUES (?, ?)
     ON CONFLICT (conversation) DO UPDATE SET leaves = excluded.leaves`,
    conversation,
    leavesBlob(commit.leaves),
  );
}

/**
 * A new generation: whoever was in the group goes on as it was, positions and numbers too. Others begin here, and those who are not
 * in it any more end here.
 */
function succeedRoster(context: StoreContext, commit: AcceptCommit, sequence: number, acceptedAt: number): void {
  const { db } = context;
  const conversation = blobOf(commit.conversation);
  const before = db.all<{ device: Uint8Array }>(
    "SELECT device FROM conversation_devices WHERE conversation = ? AND left_sequence IS NULL",
    conversation,
  );
  const present = before.map(({ device }) => idOf<DeviceId>(device));
  const stays = commit.added.map(({ device }) => device);
  const removed = present.filter((device) => !stays.includes(device));
  const added = commit.added.filter(({ device }) => !present.includes(device));
  changeRoster(context, { ...commit, added, removed }, sequence, acceptedAt);
  for (const device of stays) {
    deleteReadd(context, conversation, blobOf(device));
    deleteWelcomes(context, conversation, blobOf(device));
  }
}

/** Removals first: a device in both lists is re-added, and its log begins anew at this commit. Numbers go on. */
function changeRoster(context: StoreContext, commit: AcceptCommit, sequence: number, acceptedAt: number): void {
  const { db } = context;
  const conversation = blobOf(commit.conversation);
  for (const device of commit.removed) {
    db.run(
      `UPDATE conversation_devices SET left_sequence = ?, left_at = ?
       WHERE conversation = ? AND device = ? AND left_sequence IS NULL`,
      sequence,
      acceptedAt,
      conversation,
      blobOf(device),
    );
  }
  for (const { user, device } of commit.added) {
    db.run(
      `INSERT INTO conversation_devices (conversation, device, user, joined_sequence, position) VALUES (?, ?, ?, ?, ?)
       ON CONFLICT (conversation, device) DO UPDATE SET joined_sequence = excluded.joined_sequence,
         position = excluded.position, left_sequence = NULL, left_at = NULL, unopened = '[]'`,
      conversation,
      blobOf(device),
      user,
      sequence,
      sequence - 1,
    );
    db.run(
      "UPDATE members SET joined_sequence = ? WHERE conversation = ? AND user = ? AND joined_sequence IS NULL",
      sequence,
      conversation,
      user,
    );
    deleteReadd(context, conversation, blobOf(device));
    deleteWelcomes(context, conversation, blobOf(device));
  }
}

/** For every added device but the one that commits: it made the group, or the change, itself. */
function postWelcome(
  context: StoreContext,
  commit: AcceptCommit,
  sequence: number,
): { device: DeviceId; position: number }[] {
  const { welcome, generation } = commit;
  const welcomed = commit.added.filter(({ device }) => device !== commit.sender.device);
  if (welcome === undefined || welcomed.length === 0) return [];
  const conversation = blobOf(commit.conversation);
  context.db.run(
    "INSERT INTO welcomes (conversation, sequence, welcome, at) VALUES (?, ?, ?, ?)",
    conversation,
    sequence,
    welcome,
    context.now,
  );
  const entry = { conversation, generation, kind: inboxKinds.welcome, sequence, subject: null };
  return welcomed.map(({ device }) => ({ device, position: postToInbox(context, blobOf(device), entry) }));
}
