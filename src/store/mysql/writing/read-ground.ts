import type { ConversationId, DeviceId, UserId } from "../../../protocol/ids.ts";
import { blobOf, hexOf, idOf } from "../../blobs.ts";
import type { MysqlConnection } from "../mysql-context.ts";
import { asFirst } from "../faults.ts";
import { blocksThere, isBlockedThere } from "../operations/blocks.ts";
import { clockColumn } from "../database.ts";
import {
  ConversationWork,
  type DeviceState,
  type LockedConversation,
  type MemberState,
  type Works,
} from "./written-rows.ts";
import type { WriteUnit } from "./write-unit.ts";

const conversationColumns = `conversation, kind, generation, epoch, roster_epoch AS rosterEpoch, head, floor,
  last_accepted_at AS lastAcceptedAt, oldest_at AS oldestAt, receipt_version AS receiptVersion, last_commit AS lastCommit,
  run_user AS runUser, run_start AS runStart, tail_day AS tailDay, tail_start AS tailStart, created_at AS createdAt,
  opened_at AS openedAt`;

/**
 * Begins a transaction and locks the conversations' rows, in order of id. Those that another transaction holds are left out,
 * unless `waits`; so are those that do not exist. The first statement of the transaction is the locking one: what is read
 * after it is what the lock protects.
 */
export async function lockConversations(
  db: MysqlConnection,
  conversations: readonly ConversationId[],
  waits: boolean,
): Promise<{ now: number; works: Works }> {
  const [, rows, clock] = (await asFirst(
    db.many(
      `START TRANSACTION; SELECT ${conversationColumns} FROM conversations WHERE conversation IN (?)
     ORDER BY conversation FOR UPDATE ${waits ? "" : "SKIP LOCKED"}; SELECT ${clockColumn} AS now`,
      conversations.map(blobOf),
    ),
  )) as [unknown, LockedConversation[], [{ now: number }]];
  const works: Works = new Map();
  for (const row of rows) works.set(idOf<ConversationId>(row.conversation), new ConversationWork(row));
  return { now: clock[0].now, works };
}

/** Reads what the units need to be decided: their devices, the users of those that ack, and what is due. */
export async function readGround(
  db: MysqlConnection,
  works: Works,
  batch: ReadonlyMap<ConversationId, readonly WriteUnit[]>,
): Promise<void> {
  const devices = new Map<string, [conversation: string, device: string]>();
  const members = new Map<string, [conversation: string, user: string]>();
  const senders: Buffer[] = [];
  for (const [id, { row }] of works) {
    const units = batch.get(id)!;
    const conversation = row.conversation.toString("hex");
    for (const { device, user } of units.flatMap(partiesOf)) {
      devices.set(`${id} ${device}`, [conversation, hexOf(device)]);
      if (user !== undefined) members.set(`${id} ${user}`, [conversation, user]);
    }
    if (units.some(({ kind }) => kind === "messages")) senders.push(row.conversation);
  }
  const [deviceRows, memberRows, dueRows] = (await db.many(
    `${deviceQuery}; ${memberQuery}; ${dueQuery(senders.length)}`,
    JSON.stringify([...devices.values()]),
    JSON.stringify([...members.values()]),
    ...(senders.length > 0 ? [senders] : []),
  )) as [DeviceState[], MemberState[], { conversation: Buffer; dueAttempt: number; dueSince: number | null }[]];
  const workOf = ({ conversation }: { conversation: Buffer }) => works.get(idOf<ConversationId>(conversation))!;
  for (const row of deviceRows) workOf(row).devices.set(idOf<DeviceId>(row.device), row);
  for (const row of memberRows) workOf(row).members.set(row.user as UserId, row);
  for (const row of dueRows) workOf(row).due = { dueAttempt: row.dueAttempt, dueSince: row.dueSince };
}

/** Whose rows a unit needs; the user's only where it acks. */
function partiesOf(unit: WriteUnit): { device: DeviceId; user?: UserId }[] {
  if (unit.kind === "ack") return [unit.ack];
  return unit.messages.map(({ sender }) => ({ device: sender.device }));
}

// The pairs that are looked up come as one JSON table, joined by the whole key. For 100 conversations in MariaDB 10.11, in CPU:
// devices 1.0 ms and members 0.4 ms; spelled out as ORs, which the optimizer plans one by one, they were 1.8 and 4.0 ms.
const deviceQuery = `SELECT cd.conversation, cd.device, cd.user, cd.joined_sequence AS joined, cd.left_sequence AS \`left\`, cd.position,
    cd.unopened, cd.receipt_version AS lastVersion, cd.receipt_since AS lastSince,
    cd.receipt_sequence AS lastReceiptSequence, cd.last_number AS lastNumber, cd.last_id AS lastId,
    cd.last_sequence AS lastSequence, d.revoked_at AS revokedAt,
    ${isBlockedThere} AS isBlocked, ${blocksThere} AS isBlocking
  FROM JSON_TABLE(?, '$[*]' COLUMNS (conversation CHAR(32) PATH '$[0]', device CHAR(32) PATH '$[1]')) asked
    STRAIGHT_JOIN conversation_devices cd ON cd.conversation = UNHEX(asked.conversation) AND cd.device = UNHEX(asked.device)
    JOIN devices d ON d.device = cd.device`;

const memberQuery = `SELECT m.conversation, m.user, m.joined_sequence AS joined, m.delivered_sequence AS delivered, m.missing, m.unopened
  FROM JSON_TABLE(?, '$[*]' COLUMNS (conversation CHAR(32) PATH '$[0]',
      user VARCHAR(128) CHARACTER SET ascii COLLATE ascii_bin PATH '$[1]')) asked
    STRAIGHT_JOIN members m ON m.conversation = UNHEX(asked.conversation) AND m.user = asked.user`;

function dueQuery(count: number): string {
  if (count === 0) return "SELECT 1 FROM due WHERE FALSE";
  return "SELECT conversation, attempt AS dueAttempt, since AS dueSince FROM due WHERE conversation IN (?)";
}
