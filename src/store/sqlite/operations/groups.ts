import type { AcceptCommit, AcceptLeave, LeaveOutcome } from "../../../actors/ports/store-conversations.ts";
import type { ConversationId, UserId } from "../../../protocol/ids.ts";
import { acceptedAtOf } from "../../acceptance.ts";
import { blobOf } from "../../blobs.ts";
import { leavingOf, repeatedLeave, type LeavingGround } from "../../leaving.ts";
import type { StoreContext } from "../store-context.ts";
import { appendToLog } from "./append-to-log.ts";
import { markDue, type DueState } from "./due.ts";

/** See `ConversationStore.createGroup`. */
export function createGroup(
  { db, now }: StoreContext,
  creator: UserId,
  conversation: ConversationId,
  suite: 84 | 3,
): void {
  const blob = blobOf(conversation);
  const made = db.run(
    `INSERT INTO conversations (conversation, kind, created_at, opened_at) VALUES (?, 'group', ?, ?) ON CONFLICT DO NOTHING`,
    blob,
    now,
    now,
  );
  if (made !== 1) return;
  db.run("INSERT INTO conversation_groups (conversation, suite, creator) VALUES (?, ?, ?)", blob, suite, creator);
  db.run("INSERT INTO members (conversation, user) VALUES (?, ?)", blob, creator);
  db.run("INSERT INTO group_members (user, conversation) VALUES (?, ?)", creator, blob);
}

/** What a commit makes of a group: users come before their devices are added, and go after theirs are removed. */
export function changeGroup(
  { db }: StoreContext,
  conversation: Uint8Array,
  change: NonNullable<AcceptCommit["group"]>,
  sequence: number,
): void {
  db.run(
    "UPDATE conversation_groups SET policy = ?, leavers = ? WHERE conversation = ?",
    change.policy && JSON.stringify(change.policy),
    JSON.stringify(change.leavers),
    conversation,
  );
  const retention =
    "UPDATE conversations SET retention_days = ?, shortened_at = 0 WHERE conversation = ? AND retention_days IS NOT ?1";
  db.run(retention, change.policy?.retentionDays ?? null, conversation);
  for (const user of change.gone) endMembership({ db }, conversation, user, sequence);
  for (const user of change.joined) {
    db.run(
      `INSERT INTO members (conversation, user, joined_sequence, delivered_sequence) VALUES (?, ?, ?, ?)
       ON CONFLICT (conversation, user) DO UPDATE SET joined_sequence = excluded.joined_sequence,
         delivered_sequence = excluded.delivered_sequence, missing = '[]', unopened = '[]', left_sequence = NULL`,
      conversation,
      user,
      sequence,
      sequence - 1,
    );
    db.run("INSERT OR IGNORE INTO group_members (user, conversation) VALUES (?, ?)", user, conversation);
  }
}

interface Ground extends DueState, LeavingGround {
  head: number;
  lastAcceptedAt: number;
  leavers: string;
}

/** See `ConversationStore.acceptLeave`. */
export function acceptLeave(context: StoreContext, leave: AcceptLeave): LeaveOutcome {
  const { db } = context;
  const { user, device } = leave.sender;
  const conversation = blobOf(leave.conversation);
  const ground = db.get<Ground>(
    `SELECT c.generation, c.epoch, c.head, c.last_accepted_at AS lastAcceptedAt, g.leavers,
       cd.left_sequence AS leftSequence, d.revoked_at AS revokedAt, due.attempt AS dueAttempt, due.since AS dueSince
     FROM conversations c JOIN conversation_groups g ON g.conversation = c.conversation
       JOIN conversation_devices cd ON cd.conversation = c.conversation AND cd.device = ? AND cd.user = ?
       JOIN devices d ON d.device = cd.device LEFT JOIN due ON due.conversation = c.conversation
     WHERE c.conversation = ?`,
    blobOf(device),
    user,
    conversation,
  );
  if (ground === undefined) return { status: "not-a-member" };
  const leaving = leavingOf(leave, ground);
  if (leaving === "repeat") return repeatedLeave(leave, findLeave(context, conversation, ground.leftSequence!));
  if (leaving !== "next") return leaving;
  const sequence = ground.head + 1;
  const acceptedAt = acceptedAtOf(context.now, ground.lastAcceptedAt, leave.acceptedAt);
  appendToLog(context, { ...leave, kind: "leave", payload: leave.signature, sequence, acceptedAt });
  const leavers = [...(JSON.parse(ground.leavers) as UserId[]), user];
  const changeLeavers = "UPDATE conversation_groups SET leavers = ? WHERE conversation = ?";
  db.run(changeLeavers, JSON.stringify(leavers), conversation);
  db.run(
    `UPDATE conversation_devices SET left_sequence = ?, left_at = ?
     WHERE conversation = ? AND user = ? AND left_sequence IS NULL`,
    sequence,
    acceptedAt,
    conversation,
    user,
  );
  endMembership(context, conversation, user, sequence);
  markDue(context, conversation, acceptedAt, ground);
  return { status: "accepted", sequence, acceptedAt };
}

function endMembership(
  { db }: Pick<StoreContext, "db">,
  conversation: Uint8Array,
  user: UserId,
  sequence: number,
): void {
  const end = "UPDATE members SET left_sequence = ? WHERE conversation = ? AND user = ? AND left_sequence IS NULL";
  db.run(end, sequence, conversation, user);
  db.run("DELETE FROM group_members WHERE user = ? AND conversation = ?", user, conversation);
}

function findLeave({ db }: StoreContext, conversation: Uint8Array, sequence: number) {
  return db.get<{ sequence: number; id: Uint8Array; acceptedAt: number }>(
    `SELECT sequence, id, accepted_at AS acceptedAt FROM messages
     WHERE conversation = ? AND sequence = ? AND kind = 2`,
    conversation,
    sequence,
  );
}
