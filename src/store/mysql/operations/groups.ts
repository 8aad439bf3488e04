import type { AcceptCommit, AcceptLeave, LeaveOutcome } from "../../../actors/ports/store-conversations.ts";
import type { ConversationId, UserId } from "../../../protocol/ids.ts";
import { acceptedAtOf } from "../../acceptance.ts";
import { blobOf } from "../../blobs.ts";
import { leavingOf, repeatedLeave, type LeavingGround } from "../../leaving.ts";
import type { MysqlContext } from "../mysql-context.ts";
import { appendToLog } from "./append-to-log.ts";
import { markDue } from "./mark-due.ts";

/** See `ConversationStore.createGroup`. */
export async function createGroup(
  { db, now }: MysqlContext,
  creator: UserId,
  conversation: ConversationId,
  suite: 84 | 3,
): Promise<void> {
  const blob = blobOf(conversation);
  const made = await db.run(
    "INSERT IGNORE INTO conversations (conversation, kind, created_at, opened_at) VALUES (?, 'group', ?, ?)",
    blob,
    now,
    now,
  );
  if (made !== 1) return;
  const insert = "INSERT INTO conversation_groups (conversation, suite, creator, leavers) VALUES (?, ?, ?, '[]')";
  await db.run(insert, blob, suite, creator);
  await db.run("INSERT INTO members (conversation, user, missing, unopened) VALUES (?, ?, '[]', '[]')", blob, creator);
  await db.run("INSERT INTO group_members (user, conversation) VALUES (?, ?)", creator, blob);
}

/** What a commit makes of a group: users come before their devices are added, and go after theirs are removed. */
export async function changeGroup(
  context: MysqlContext,
  conversation: Uint8Array,
  change: NonNullable<AcceptCommit["group"]>,
  sequence: number,
): Promise<void> {
  const { db } = context;
  await db.run(
    "UPDATE conversation_groups SET policy = ?, leavers = ? WHERE conversation = ?",
    change.policy && JSON.stringify(change.policy),
    JSON.stringify(change.leavers),
    conversation,
  );
  await db.run(
    "UPDATE conversations SET retention_days = ?, shortened_at = 0 WHERE conversation = ? AND NOT (retention_days <=> ?)",
    change.policy?.retentionDays ?? null,
    conversation,
    change.policy?.retentionDays ?? null,
  );
  for (const user of change.gone) await endMembership(context, conversation, user, sequence);
  if (change.joined.length === 0) return;
  const members = change.joined.map((user) => [conversation, user, sequence, sequence - 1, "[]", "[]"]);
  await db.run(
    `INSERT INTO members (conversation, user, joined_sequence, delivered_sequence, missing, unopened) VALUES ?
     ON DUPLICATE KEY UPDATE joined_sequence = VALUES(joined_sequence), missing = '[]', unopened = '[]',
       delivered_sequence = VALUES(delivered_sequence), left_sequence = NULL`,
    members,
  );
  const rows = change.joined.map((user) => [user, conversation]);
  await db.run("INSERT IGNORE INTO group_members (user, conversation) VALUES ?", rows);
}

interface Ground extends LeavingGround {
  head: number;
  lastAcceptedAt: number;
  leavers: string;
}

/** See `ConversationStore.acceptLeave`. Under the conversation's lock. */
export async function acceptLeave(context: MysqlContext, leave: AcceptLeave): Promise<LeaveOutcome> {
  const { db } = context;
  const { user, device } = leave.sender;
  const conversation = blobOf(leave.conversation);
  const held = await db.get("SELECT 1 AS held FROM conversations WHERE conversation = ? FOR UPDATE", conversation);
  if (held === undefined) return { status: "not-a-member" };
  const ground = await db.get<Ground>(
    `SELECT c.generation, c.epoch, c.head, c.last_accepted_at AS lastAcceptedAt, g.leavers, cd.left_sequence AS leftSequence, d.revoked_at AS revokedAt
     FROM conversations c JOIN conversation_groups g ON g.conversation = c.conversation
       JOIN conversation_devices cd ON cd.conversation = c.conversation AND cd.device = ? AND cd.user = ?
       JOIN devices d ON d.device = cd.device
     WHERE c.conversation = ? FOR UPDATE`,
    blobOf(device),
    user,
    conversation,
  );
  if (ground === undefined) return { status: "not-a-member" };
  const leaving = leavingOf(leave, ground);
  if (leaving === "repeat") return repeatedLeave(leave, await findLeave(context, conversation, ground.leftSequence!));
  if (leaving !== "next") return leaving;
  const sequence = ground.head + 1;
  const acceptedAt = acceptedAtOf(context.now, ground.lastAcceptedAt, leave.acceptedAt);
  await appendToLog(context, { ...leave, kind: "leave", payload: leave.signature, sequence, acceptedAt });
  const leavers = [...(JSON.parse(ground.leavers) as UserId[]), user];
  const changeLeavers = "UPDATE conversation_groups SET leavers = ? WHERE conversation = ?";
  await db.run(changeLeavers, JSON.stringify(leavers), conversation);
  await db.run(
    `UPDATE conversation_devices SET left_sequence = ?, left_at = ?
     WHERE conversation = ? AND user = ? AND left_sequence IS NULL`,
    sequence,
    acceptedAt,
    conversation,
    user,
  );
  await endMembership(context, conversation, user, sequence);
  await markDue(context, conversation, acceptedAt);
  return { status: "accepted", sequence, acceptedAt };
}

async function endMembership(
  { db }: MysqlContext,
  conversation: Uint8Array,
  user: UserId,
  sequence: number,
): Promise<void> {
  const end = "UPDATE members SET left_sequence = ? WHERE conversation = ? AND user = ? AND left_sequence IS NULL";
  await db.run(end, sequence, conversation, user);
  await db.run("DELETE FROM group_members WHERE user = ? AND conversation = ?", user, conversation);
}

function findLeave({ db }: MysqlContext, conversation: Uint8Array, sequence: number) {
  return db.get<{ sequence: number; id: Uint8Array; acceptedAt: number }>(
    `SELECT sequence, id, accepted_at AS acceptedAt FROM messages
     WHERE conversation = ? AND sequence = ? AND kind = 2`,
    conversation,
    sequence,
  );
}
