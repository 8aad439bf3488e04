import type {
  ConversationRow,
  ConversationStore,
  DeviceConversation,
} from "../../../actors/ports/store-conversations.ts";
import { newId, type ConversationId, type DeviceId, type MessageId, type UserId } from "../../../protocol/ids.ts";
import { blobOf, idOf, leavesOf } from "../../blobs.ts";
import { asSeenBy } from "../../former-members.ts";
import { groupColumns, groupFactsOf, type GroupColumns } from "../../group-columns.ts";
import { dayMs } from "../days.ts";
import type { MysqlContext } from "../mysql-context.ts";
import { deviceListVersions } from "./device-lists.ts";
import { keyOf, usersOf } from "./members.ts";
import { boundsColumns, findFloor, type LogBounds } from "./retention.ts";

interface ConversationRecord extends LogBounds, GroupColumns {
  kind: "direct" | "group";
  generation: number;
  epoch: number;
  rosterEpoch: number;
  receiptVersion: number;
  createdAt: number;
  leaves: Uint8Array | null;
}

interface OwnRecord {
  conversation: Uint8Array;
  joinedSequence: number | null;
  leftSequence: number | null;
  position: number;
  lastNumber: number;
  lastId: Uint8Array | null;
}

async function findRecords({ db }: MysqlContext, conversations: readonly Uint8Array[]): Promise<ConversationRecord[]> {
  if (conversations.length === 0) return [];
  return db.all<ConversationRecord>(
    `SELECT ${boundsColumns}, c.kind, c.generation, c.epoch, c.roster_epoch AS rosterEpoch,
       c.receipt_version AS receiptVersion, c.created_at AS createdAt, r.leaves, ${groupColumns}
     FROM conversations c LEFT JOIN rosters r ON r.conversation = c.conversation
       LEFT JOIN conversation_groups g ON g.conversation = c.conversation
     WHERE c.conversation IN (?) ORDER BY c.conversation`,
    conversations,
  );
}

function rowOf(record: ConversationRecord, users: UserId[]): ConversationRow {
  const { kind, generation, epoch, rosterEpoch, head, createdAt } = record;
  const leaves = record.leaves === null ? [] : leavesOf(record.leaves);
  return {
    conversation: idOf<ConversationId>(record.conversation),
    kind,
    group: groupFactsOf(record),
    users,
    generation,
    epoch,
    rosterEpoch,
    head,
    leaves,
    createdAt,
  };
}

/** See `ConversationStore.openDirect`. Of two that open the same pair at once, the pair's primary key lets one make the row. */
export async function openDirect(
  context: MysqlContext,
  a: UserId,
  b: UserId,
  proposed: ConversationId,
): ReturnType<ConversationStore["openDirect"]> {
  const [first, second] = a < b ? [a, b] : [b, a];
  const found = await findDirect(context, first, second);
  if (found !== undefined) await noteOpening(context, found);
  const made = found === undefined ? await makeDirect(context, [first, second], proposed) : undefined;
  const conversation = found ?? made ?? (await findDirect(context, first, second))!;
  const row = (await findConversation(context, idOf<ConversationId>(conversation)))!;
  return { row, created: made !== undefined };
}

async function findDirect({ db }: MysqlContext, first: UserId, second: UserId): Promise<Uint8Array | undefined> {
  const sql = "SELECT conversation FROM directs WHERE user_a = ? AND user_b = ?";
  return (await db.get<{ conversation: Uint8Array }>(sql, first, second))?.conversation;
}

/** Undefined where somebody else has made the pair's row meanwhile. */
async function makeDirect(
  { db, now }: MysqlContext,
  [first, second]: [UserId, UserId],
  proposed: ConversationId,
): Promise<Uint8Array | undefined> {
  const insert = async (conversation: Uint8Array) =>
    (await db.run(
      "INSERT IGNORE INTO conversations (conversation, kind, created_at, opened_at) VALUES (?, 'direct', ?, ?)",
      conversation,
      now,
      now,
    )) === 1;
  let conversation = blobOf(proposed);
  while (!(await insert(conversation))) conversation = blobOf(newId<ConversationId>());
  const claim = "INSERT IGNORE INTO directs (user_a, user_b, conversation) VALUES (?, ?, ?)";
  if ((await db.run(claim, first, second, conversation)) !== 1) {
    await db.run("DELETE FROM conversations WHERE conversation = ?", conversation);
    return undefined;
  }
  const members = [first, second].map((user) => [conversation, user, "[]", "[]"]);
  await db.run("INSERT INTO members (conversation, user, missing, unopened) VALUES ?", members);
  return conversation;
}

/**
 * Keeps what nobody has founded from the purge. Not written down each time: once a day, or ten times in the retention. Looked
 * at first: an update waits for whoever holds the row, also where it changes nothing, and a client opens before it sends.
 */
async function noteOpening({ db, now, retentionMs }: MysqlContext, conversation: Uint8Array): Promise<void> {
  const isToBeNoted = "conversation = ? AND generation = 0 AND opened_at < ?";
  const parameters = [conversation, now - Math.min(dayMs, retentionMs / 10)];
  const found = await db.get(`SELECT 1 AS found FROM conversations WHERE ${isToBeNoted}`, ...parameters);
  if (found === undefined) return;
  await db.run(`UPDATE conversations SET opened_at = ? WHERE ${isToBeNoted}`, now, ...parameters);
}

/** See `ConversationStore.findConversation`. */
export async function findConversation(
  context: MysqlContext,
  conversation: ConversationId,
): Promise<ConversationRow | undefined> {
  const [record] = await findRecords(context, [blobOf(conversation)]);
  if (record === undefined) return undefined;
  const users = await usersOf(context, [record.conversation]);
  return rowOf(record, users.get(keyOf(record.conversation))!);
}

/** See `ConversationStore.viewConversation`. */
export async function viewConversation(
  context: MysqlContext,
  user: UserId,
  device: DeviceId,
  conversation: ConversationId,
): Promise<DeviceConversation | undefined> {
  const blob = blobOf(conversation);
  const sql = "SELECT 1 AS found FROM members WHERE conversation = ? AND user = ?";
  if ((await context.db.get(sql, blob, user)) === undefined) return undefined;
  const [view] = await viewsOf(context, { user, device }, [blob]);
  return view;
}

/** See `ConversationStore.listConversations`. */
export async function listConversations(
  context: MysqlContext,
  user: UserId,
  device: DeviceId,
  after: ConversationId | undefined,
  limit: number,
): ReturnType<ConversationStore["listConversations"]> {
  const rows = await context.db.all<{ conversation: Uint8Array }>(
    "SELECT conversation FROM members WHERE user = ? AND conversation > ? ORDER BY conversation LIMIT ?",
    user,
    after === undefined ? Buffer.alloc(0) : blobOf(after),
    limit + 1,
  );
  const page = rows.slice(0, limit).map(({ conversation }) => conversation);
  return { conversations: await viewsOf(context, { user, device }, page), more: rows.length > limit };
}

/** See `ConversationStore.shareConversation`. A pair has one direct. */
export async function shareConversation(context: MysqlContext, a: UserId, b: UserId): Promise<boolean> {
  const [first, second] = a < b ? [a, b] : [b, a];
  if ((await findDirect(context, first, second)) !== undefined) return true;
  const found = await context.db.get(
    `SELECT 1 AS found FROM group_members own JOIN group_members other ON other.user = ? AND other.conversation = own.conversation
     WHERE own.user = ? LIMIT 1`,
    b,
    a,
  );
  return found !== undefined;
}

/** See `ConversationStore.listPeers`. */
export async function listPeers({ db }: MysqlContext, user: UserId, limit: number): Promise<UserId[]> {
  const rows = await db.all<{ user: UserId }>(
    `SELECT DISTINCT other.user FROM members own JOIN members other ON other.conversation = own.conversation
     WHERE own.user = ? AND other.user <> ? AND own.left_sequence IS NULL AND other.left_sequence IS NULL LIMIT ?`,
    user,
    user,
    limit,
  );
  return rows.map((row) => row.user);
}

/** A page of views in five statements, whatever the number of conversations. */
async function viewsOf(
  context: MysqlContext,
  { user, device }: { user: UserId; device: DeviceId },
  conversations: readonly Uint8Array[],
): Promise<DeviceConversation[]> {
  const records = await findRecords(context, conversations);
  const users = await usersOf(context, conversations);
  const versions = await deviceListVersions(context, [...new Set([...users.values()].flat())]);
  const owns = await readOwn(context, { user, device }, conversations);
  const marks = await readMarksOf(context, user, conversations);
  return Promise.all(
    records.map(async (record) => {
      const own = owns.get(keyOf(record.conversation));
      const whole = {
        ...rowOf(record, users.get(keyOf(record.conversation))!),
        receiptVersion: record.receiptVersion,
      };
      const row = asSeenBy(user, whole, own?.leftSequence);
      return {
        ...row,
        floor: await findFloor(context, record),
        joinedSequence: own?.joinedSequence ?? null,
        leftSequence: own?.leftSequence ?? null,
        position: own?.position ?? 0,
        lastNumber: own?.lastNumber ?? 0,
        lastId: own?.lastId ? idOf<MessageId>(own.lastId) : null,
        readSequence: marks.get(keyOf(record.conversation)) ?? 0,
        lists: row.users.map((each) => ({ user: each, version: versions.get(each) ?? 0 })),
      };
    }),
  );
}

async function readOwn(
  { db }: MysqlContext,
  { user, device }: { user: UserId; device: DeviceId },
  conversations: readonly Uint8Array[],
): Promise<Map<string, OwnRecord>> {
  if (conversations.length === 0) return new Map();
  const rows = await db.all<OwnRecord>(
    `SELECT conversation, joined_sequence AS joinedSequence, left_sequence AS leftSequence, position,
       last_number AS lastNumber, last_id AS lastId
     FROM conversation_devices WHERE conversation IN (?) AND device = ? AND user = ?`,
    conversations,
    blobOf(device),
    user,
  );
  return new Map(rows.map((row) => [keyOf(row.conversation), row]));
}

async function readMarksOf(
  { db }: MysqlContext,
  user: UserId,
  conversations: readonly Uint8Array[],
): Promise<Map<string, number>> {
  if (conversations.length === 0) return new Map();
  const rows = await db.all<{ conversation: Uint8Array; sequence: number }>(
    "SELECT conversation, read_sequence AS sequence FROM members WHERE user = ? AND conversation IN (?)",
    user,
    conversations,
  );
  return new Map(rows.map(({ conversation, sequence }) => [keyOf(conversation), sequence]));
}
