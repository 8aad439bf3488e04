import type {
  ConversationRow,
  ConversationStore,
  DeviceConversation,
} from "../../../actors/ports/store-conversations.ts";
import { newId, type ConversationId, type DeviceId, type MessageId, type UserId } from "../../../protocol/ids.ts";
import { blobOf, idOf, leavesOf } from "../../blobs.ts";
import { asSeenBy } from "../../former-members.ts";
import { groupColumns, groupFactsOf, type GroupColumns } from "../../group-columns.ts";
import type { StoreContext } from "../store-context.ts";
import { deviceListVersion } from "./device-lists.ts";
import { usersOf } from "./members.ts";
import { boundsColumns, findFloor, type LogBounds } from "./retention.ts";

const dayMs = 24 * 60 * 60_000;

interface ConversationRecord extends LogBounds, GroupColumns {
  kind: "direct" | "group";
  generation: number;
  epoch: number;
  rosterEpoch: number;
  receiptVersion: number;
  createdAt: number;
  leaves: Uint8Array | null;
}

type OwnRecord = Pick<DeviceConversation, "joinedSequence" | "leftSequence" | "position" | "lastNumber"> & {
  lastId: Uint8Array | null;
};

function findRecord({ db }: StoreContext, conversation: Uint8Array): ConversationRecord | undefined {
  return db.get<ConversationRecord>(
    `SELECT ${boundsColumns}, c.kind, c.generation, c.epoch, c.roster_epoch AS rosterEpoch, c.receipt_version AS receiptVersion,
       c.created_at AS createdAt, r.leaves, ${groupColumns}
     FROM conversations c LEFT JOIN rosters r ON r.conversation = c.conversation
       LEFT JOIN conversation_groups g ON g.conversation = c.conversation WHERE c.conversation = ?`,
    conversation,
  );
}

function rowOf(context: StoreContext, record: ConversationRecord): ConversationRow {
  const { kind, generation, epoch, rosterEpoch, head, createdAt } = record;
  return {
    conversation: idOf<ConversationId>(record.conversation),
    kind,
    group: groupFactsOf(record),
    users: usersOf(context, record.conversation),
    generation,
    epoch,
    rosterEpoch,
    head,
    leaves: record.leaves === null ? [] : leavesOf(record.leaves),
    createdAt,
  };
}

/** See `ConversationStore.openDirect`. */
export function openDirect(
  context: StoreContext,
  a: UserId,
  b: UserId,
  proposed: ConversationId,
): Awaited<ReturnType<ConversationStore["openDirect"]>> {
  const [first, second] = a < b ? [a, b] : [b, a];
  const found = context.db.get<{ conversation: Uint8Array }>(
    "SELECT conversation FROM directs WHERE user_a = ? AND user_b = ?",
    first,
    second,
  );
  if (found !== undefined) noteOpening(context, found.conversation);
  const conversation = found?.conversation ?? makeDirect(context, first, second, proposed);
  return { row: rowOf(context, findRecord(context, conversation)!), created: found === undefined };
}

function makeDirect({ db, now }: StoreContext, first: UserId, second: UserId, proposed: ConversationId): Uint8Array {
  const insert = (conversation: Uint8Array) =>
    db.run(
      `INSERT INTO conversations (conversation, kind, created_at, opened_at) VALUES (?, 'direct', ?, ?)
       ON CONFLICT DO NOTHING`,
      conversation,
      now,
      now,
    ) === 1;
  let conversation = blobOf(proposed);
  while (!insert(conversation)) conversation = blobOf(newId<ConversationId>());
  db.run("INSERT INTO directs (user_a, user_b, conversation) VALUES (?, ?, ?)", first, second, conversation);
  for (const user of [first, second]) {
    db.run("INSERT INTO members (conversation, user) VALUES (?, ?)", conversation, user);
  }
  return conversation;
}

/** Keeps what nobody has founded from the purge. Not written down each time: once a day, or ten times in the retention. */
function noteOpening({ db, now, retentionMs }: StoreContext, conversation: Uint8Array): void {
  db.run(
    "UPDATE conversations SET opened_at = ? WHERE conversation = ? AND generation = 0 AND opened_at < ?",
    now,
    conversation,
    now - Math.min(dayMs, retentionMs / 10),
  );
}

/** See `ConversationStore.findConversation`. */
export function findConversation(context: StoreContext, conversation: ConversationId): ConversationRow | undefined {
  const record = findRecord(context, blobOf(conversation));
  return record && rowOf(context, record);
}

/** See `ConversationStore.viewConversation`. */
export function viewConversation(
  context: StoreContext,
  user: UserId,
  device: DeviceId,
  conversation: ConversationId,
): DeviceConversation | undefined {
  const blob = blobOf(conversation);
  const member = context.db.get("SELECT 1 AS found FROM members WHERE conversation = ? AND user = ?", blob, user);
  return member === undefined ? undefined : viewOf(context, user, blobOf(device), blob);
}

/** See `ConversationStore.listConversations`. */
export function listConversations(
  context: StoreContext,
  user: UserId,
  device: DeviceId,
  after: ConversationId | undefined,
  limit: number,
): Awaited<ReturnType<ConversationStore["listConversations"]>> {
  const rows = context.db.all<{ conversation: Uint8Array }>(
    "SELECT conversation FROM members WHERE user = ? AND conversation > ? ORDER BY conversation LIMIT ?",
    user,
    after === undefined ? new Uint8Array(0) : blobOf(after),
    limit + 1,
  );
  const blob = blobOf(device);
  const conversations = rows.slice(0, limit).map((row) => viewOf(context, user, blob, row.conversation));
  return { conversations, more: rows.length > limit };
}

/** See `ConversationStore.shareConversation`. A pair has one direct. */
export function shareConversation(context: StoreContext, a: UserId, b: UserId): boolean {
  const [first, second] = a < b ? [a, b] : [b, a];
  const direct = context.db.get("SELECT 1 AS found FROM directs WHERE user_a = ? AND user_b = ?", first, second);
  return direct !== undefined || shareGroup(context, a, b);
}

function shareGroup({ db }: StoreContext, a: UserId, b: UserId): boolean {
  const found = db.get(
    `SELECT 1 AS found FROM group_members own JOIN group_members other ON other.user = ? AND other.conversation = own.conversation
     WHERE own.user = ? LIMIT 1`,
    b,
    a,
  );
  return found !== undefined;
}

/** See `ConversationStore.listPeers`. */
export function listPeers({ db }: StoreContext, user: UserId, limit: number): UserId[] {
  const rows = db.all<{ user: UserId }>(
    `SELECT DISTINCT other.user FROM members own JOIN members other ON other.conversation = own.conversation
     WHERE own.user = ? AND other.user <> ? AND own.left_sequence IS NULL AND other.left_sequence IS NULL LIMIT ?`,
    user,
    user,
    limit,
  );
  return rows.map((row) => row.user);
}

function viewOf(context: StoreContext, user: UserId, device: Uint8Array, conversation: Uint8Array): DeviceConversation {
  const record = findRecord(context, conversation)!;
  const own = context.db.get<OwnRecord>(
    `SELECT joined_sequence AS joinedSequence, left_sequence AS leftSequence, position, last_number AS lastNumber,
       last_id AS lastId
     FROM conversation_devices WHERE conversation = ? AND device = ? AND user = ?`,
    conversation,
    device,
    user,
  );
  const member = context.db.get<{ readSequence: number }>(
    "SELECT read_sequence AS readSequence FROM members WHERE conversation = ? AND user = ?",
    conversation,
    user,
  );
  const whole = { ...rowOf(context, record), receiptVersion: record.receiptVersion };
  const row = asSeenBy(user, whole, own?.leftSequence);
  return {
    ...row,
    floor: findFloor(context, record),
    joinedSequence: own?.joinedSequence ?? null,
    leftSequence: own?.leftSequence ?? null,
    position: own?.position ?? 0,
    lastNumber: own?.lastNumber ?? 0,
    lastId: own?.lastId ? idOf<MessageId>(own.lastId) : null,
    readSequence: member?.readSequence ?? 0,
    lists: row.users.map((each) => ({ user: each, version: deviceListVersion(context, each) })),
  };
}
