import type { AcceptCommit, CommitOutcome } from "../../../actors/ports/store-conversations.ts";
import type { DeviceId, UserId } from "../../../protocol/ids.ts";
import { acceptedAtOf, foundsGeneration } from "../../acceptance.ts";
import { blobOf, idOf, leavesBlob, sameBytes } from "../../blobs.ts";
import { knowsLeavers } from "../../leaving.ts";
import type { MysqlContext } from "../mysql-context.ts";
import { appendToLog } from "./append-to-log.ts";
import { changeGroup } from "./groups.ts";
import { expireReplaced } from "./expiry.ts";
import { markDue } from "./mark-due.ts";
import { deleteReadd, deleteWelcomes, inboxKinds, postToInbox } from "./inbox.ts";

interface GroupRow {
  generation: number;
  epoch: number;
  rosterEpoch: number;
  head: number;
  lastAcceptedAt: number;
}

/** See `ConversationStore.acceptCommit`. Under the conversation's lock; everything is checked before anything is written. */
export async function acceptCommit(context: MysqlContext, commit: AcceptCommit): Promise<CommitOutcome> {
  const conversation = blobOf(commit.conversation);
  const group = await context.db.get<GroupRow>(
    `SELECT generation, epoch, roster_epoch AS rosterEpoch, head, last_accepted_at AS lastAcceptedAt
     FROM conversations WHERE conversation = ? FOR UPDATE`,
    conversation,
  );
  if (group === undefined) return { status: "not-a-member" };
  const refusal = await refusalOf(context, commit, group);
  if (refusal !== undefined) return refusal;
  const sequence = group.head + 1;
  const acceptedAt = acceptedAtOf(context.now, group.lastAcceptedAt, commit.acceptedAt);
  const day = await appendToLog(context, { ...commit, kind: "commit", payload: commit.commit, sequence, acceptedAt });
  await advanceGroup(context, commit, { sequence, day, group });
  const isNewGeneration = group.generation > 0 && foundsGeneration(commit, group);
  if (isNewGeneration) await succeedRoster(context, commit, sequence, acceptedAt);
  else await changeRoster(context, commit, sequence, acceptedAt);
  if (commit.group) await changeGroup(context, conversation, commit.group, sequence);
  const inbox = await postWelcome(context, commit, sequence);
  const expired = await expireReplaced(context, commit, { sequence: sequence - 1, at: acceptedAt });
  await markDue(context, conversation, acceptedAt);
  return { status: "accepted", sequence, acceptedAt, inbox, expired };
}

async function refusalOf(
  context: MysqlContext,
  commit: AcceptCommit,
  group: GroupRow,
): Promise<CommitOutcome | undefined> {
  const { sender } = commit;
  const conversation = blobOf(commit.conversation);
  if (!(await isMember(context, conversation, sender.user))) return { status: "not-a-member" };
  const known = await findAccepted(context, commit);
  if (known !== undefined) return known;
  const device = await context.db.get<{ user: UserId; revokedAt: number | null }>(
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
  if (commit.group && !(await nobodyLeft(context, commit))) return { status: "stale-epoch" };
  const inGroup = founds
    ? commit.added.some((added) => added.device === sender.device && added.user === sender.user)
    : await isInGroup(context, conversation, sender.device);
  return inGroup && (await areAddable(context, conversation, commit)) ? undefined : { status: "not-a-member" };
}

async function nobodyLeft({ db }: MysqlContext, commit: AcceptCommit): Promise<boolean> {
  const sql = "SELECT leavers FROM conversation_groups WHERE conversation = ?";
  const row = await db.get<{ leavers: string }>(sql, blobOf(commit.conversation));
  return row !== undefined && knowsLeavers(commit, row.leavers);
}

async function isMember({ db }: MysqlContext, conversation: Uint8Array, user: UserId): Promise<boolean> {
  const sql = "SELECT 1 AS found FROM members WHERE conversation = ? AND user = ? AND left_sequence IS NULL";
  return (await db.get(sql, conversation, user)) !== undefined;
}

async function isInGroup({ db }: MysqlContext, conversation: Uint8Array, device: DeviceId): Promise<boolean> {
  const sql =
    "SELECT 1 AS found FROM conversation_devices WHERE conversation = ? AND device = ? AND left_sequence IS NULL";
  return (await db.get(sql, conversation, blobOf(device))) !== undefined;
}

/** The devices' rows are held, in order: a revocation comes before, and is seen, or after. */
async function areAddable(
  context: MysqlContext,
  conversation: Uint8Array,
  { added, group }: AcceptCommit,
): Promise<boolean> {
  if (added.length === 0) return true;
  const live = await context.db.all<{ device: Buffer; user: UserId }>(
    "SELECT device, user FROM devices WHERE device IN (?) AND revoked_at IS NULL ORDER BY device FOR UPDATE",
    added.map(({ device }) => blobOf(device)),
  );
  const userOf = new Map(live.map(({ device, user }) => [device.toString("hex"), user]));
  for (const { user, device } of added) {
    if (userOf.get(Buffer.from(blobOf(device)).toString("hex")) !== user) return false;
    const comesAnew = group?.joined.includes(user) ?? false;
    if (!comesAnew && !(await isMember(context, conversation, user))) return false;
  }
  return true;
}

/** The commit that ended this epoch, where it is this very one. */
async function findAccepted({ db }: MysqlContext, commit: AcceptCommit): Promise<CommitOutcome | undefined> {
  const row = await db.get<{
    sequence: number;
    acceptedAt: number;
    id: Uint8Array;
    device: Uint8Array;
    payload: Uint8Array;
  }>(
    `SELECT m.sequence, m.accepted_at AS acceptedAt, m.id, m.sender_device AS device, m.payload
     FROM commits c JOIN messages m ON m.conversation = c.conversation AND m.sequence = c.sequence AND m.day = c.day
     WHERE c.conversation = ? AND c.generation = ? AND c.epoch = ?`,
    blobOf(commit.conversation),
    commit.generation,
    commit.epoch,
  );
  if (row === undefined || !sameBytes(row.id, blobOf(commit.id)) || !sameBytes(row.payload, commit.commit))
    return undefined;
  if (!sameBytes(row.device, blobOf(commit.sender.device))) return undefined;
  return { status: "already-accepted", sequence: row.sequence, acceptedAt: row.acceptedAt };
}

async function advanceGroup(
  { db }: MysqlContext,
  commit: AcceptCommit,
  { sequence, day, group }: { sequence: number; day: number; group: GroupRow },
): Promise<void> {
  const conversation = blobOf(commit.conversation);
  const { generation, epoch } = commit;
  await db.run(
    "INSERT INTO commits (conversation, generation, epoch, sequence, day) VALUES (?, ?, ?, ?, ?)",
    conversation,
    generation,
    epoch,
    sequence,
    day,
  );
  const changesRoster = commit.added.length > 0 || commit.removed.length > 0;
  await db.run(
    "UPDATE conversations SET generation = ?, epoch = ?, roster_epoch = ?, last_commit = ? WHERE conversation = ?",
    generation,
    epoch + 1,
    changesRoster ? epoch + 1 : group.rosterEpoch,
    sequence,
    conversation,
  );
  await db.run(
    "INSERT INTO rosters (conversation, leaves) VALUES (?, ?) ON DUPLICATE KEY UPDATE leaves = VALUES(leaves)",
    conversation,
    leavesBlob(commit.leaves),
  );
}

/**
 * A new generation: whoever was in the group goes on as it was, positions and numbers too. Others begin here, and those who are not
 * in it any more end here.
 */
async function succeedRoster(
  context: MysqlContext,
  commit: AcceptCommit,
  sequence: number,
  acceptedAt: number,
): Promise<void> {
  const conversation = blobOf(commit.conversation);
  const before = await context.db.all<{ device: Uint8Array }>(
    "SELECT device FROM conversation_devices WHERE conversation = ? AND left_sequence IS NULL",
    conversation,
  );
  const present = before.map(({ device }) => idOf<DeviceId>(device));
  const stays = commit.added.map(({ device }) => device);
  const removed = present.filter((device) => !stays.includes(device));
  const added = commit.added.filter(({ device }) => !present.includes(device));
  await changeRoster(context, { ...commit, added, removed }, sequence, acceptedAt);
  for (const device of stays) {
    await deleteReadd(context, conversation, blobOf(device));
    await deleteWelcomes(context, conversation, blobOf(device));
  }
}

/** Removals first: a device in both lists is re-added, and its log begins anew at this commit. Numbers go on. */
async function changeRoster(
  context: MysqlContext,
  commit: AcceptCommit,
  sequence: number,
  acceptedAt: number,
): Promise<void> {
  const { db } = context;
  const conversation = blobOf(commit.conversation);
  if (commit.removed.length > 0) {
    await db.run(
      `UPDATE conversation_devices SET left_sequence = ?, left_at = ?
       WHERE conversation = ? AND device IN (?) AND left_sequence IS NULL`,
      sequence,
      acceptedAt,
      conversation,
      commit.removed.map(blobOf),
    );
  }
  for (const { user, device } of commit.added) {
    await db.run(
      `INSERT INTO conversation_devices (conversation, device, user, joined_sequence, position, unopened)
       VALUES (?, ?, ?, ?, ?, '[]') ON DUPLICATE KEY UPDATE joined_sequence = VALUES(joined_sequence),
         position = VALUES(position), left_sequence = NULL, left_at = NULL, unopened = '[]'`,
      conversation,
      blobOf(device),
      user,
      sequence,
      sequence - 1,
    );
    await db.run(
      "UPDATE members SET joined_sequence = ? WHERE conversation = ? AND user = ? AND joined_sequence IS NULL",
      sequence,
      conversation,
      user,
    );
    await deleteReadd(context, conversation, blobOf(device));
    await deleteWelcomes(context, conversation, blobOf(device));
  }
}

/** For every added device but the one that commits: it made the group, or the change, itself. */
async function postWelcome(
  context: MysqlContext,
  commit: AcceptCommit,
  sequence: number,
): Promise<{ device: DeviceId; position: number }[]> {
  const { welcome, generation } = commit;
  const welcomed = commit.added.filter(({ device }) => device !== commit.sender.device);
  if (welcome === undefined || welcomed.length === 0) return [];
  const conversation = blobOf(commit.conversation);
  await context.db.run(
    "INSERT INTO welcomes (conversation, sequence, welcome, at) VALUES (?, ?, ?, ?)",
    conversation,
    sequence,
    welcome,
    context.now,
  );
  const entry = { conversation, generation, kind: inboxKinds.welcome, sequence, subject: null };
  const posted: { device: DeviceId; position: number }[] = [];
  for (const { device } of welcomed) {
    posted.push({ device, position: await postToInbox(context, blobOf(device), entry) });
  }
  return posted;
}
