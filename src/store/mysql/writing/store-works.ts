import type { MysqlConnection, MysqlValue } from "../mysql-context.ts";
import type { ConversationWork, DeviceState, MemberState, ReceiptRecord } from "./written-rows.ts";

/** Rows that are there already, written anew by their key: what differs is named, the rest stands as it was. */
function upsert(table: string, key: readonly string[], changed: readonly string[]): string {
  const changes = changed.map((column) => `${column} = VALUES(${column})`).join(", ");
  return `INSERT INTO ${table} (${[...key, ...changed].join(", ")}) VALUES ? ON DUPLICATE KEY UPDATE ${changes}`;
}

const insertMessages = `INSERT INTO messages (conversation, sequence, day, kind, generation, epoch, sender_user,
  sender_device, id, number, accepted_at, payload) VALUES ?`;
const insertDisappearing = "INSERT INTO disappearing (conversation, sequence, accepted_at) VALUES ?";
const updateConversations = upsert(
  "conversations",
  ["conversation", "kind", "created_at", "opened_at"],
  ["head", "last_accepted_at", "oldest_at", "receipt_version", "run_user", "run_start", "tail_day", "tail_start"],
);
const updateDevices = upsert(
  "conversation_devices",
  ["conversation", "device", "user", "joined_sequence"],
  [
    "position",
    "unopened",
    "receipt_version",
    "receipt_since",
    "receipt_sequence",
    "last_number",
    "last_id",
    "last_sequence",
  ],
);
const updateMembers = upsert("members", ["conversation", "user"], ["delivered_sequence", "missing", "unopened"]);
const insertReceipts = `INSERT INTO receipts (conversation, version, kind, user, device, sequence, at, log_hash, unopened,
  signature) VALUES ?`;
/** In one statement for all conversations: one for each costs more in the driver than in the database. */
const deleteReceipts = `DELETE r FROM JSON_TABLE(?, '$[*]' COLUMNS (conversation CHAR(32) PATH '$[0]', version BIGINT PATH '$[1]')) gone
  STRAIGHT_JOIN receipts r ON r.conversation = UNHEX(gone.conversation) AND r.version = gone.version`;
const markDue = `INSERT INTO due (conversation, next_at, attempt, since) VALUES ? ON DUPLICATE KEY UPDATE
  next_at = VALUES(next_at), attempt = 0, since = COALESCE(since, VALUES(since))`;

/** Writes what changed and commits, in one packet. */
export async function storeWorks(db: MysqlConnection, works: readonly ConversationWork[]): Promise<void> {
  const statements: string[] = [];
  const parameters: MysqlValue[] = [];
  const add = (statement: string, rows: readonly unknown[][]) => {
    if (rows.length === 0) return;
    statements.push(statement);
    parameters.push(rows as unknown as MysqlValue[]);
  };
  add(
    insertMessages,
    works.flatMap(({ newMessages }) => newMessages),
  );
  add(
    insertDisappearing,
    works.flatMap(({ disappearing }) => disappearing),
  );
  add(updateConversations, works.filter(({ isChanged }) => isChanged).map(conversationValues));
  add(
    updateDevices,
    works.flatMap(({ changedDevices }) => [...changedDevices].map(deviceValues)),
  );
  add(
    updateMembers,
    works.flatMap(({ changedMembers }) => [...changedMembers].map(memberValues)),
  );
  const gone = works.flatMap(({ row, goneReceipts }) => {
    return goneReceipts.map((version) => [row.conversation.toString("hex"), version]);
  });
  if (gone.length > 0) {
    statements.push(deleteReceipts);
    parameters.push(JSON.stringify(gone));
  }
  add(
    insertReceipts,
    works.flatMap(({ receipts }) => [...receipts.values()].map(receiptValues)),
  );
  add(
    markDue,
    works.flatMap(({ row, isDueAt }) => (isDueAt === undefined ? [] : [[row.conversation, isDueAt, 0, isDueAt]])),
  );
  await db.many([...statements, "COMMIT"].join("; "), ...parameters);
}

const conversationValues = ({ row }: ConversationWork) => [
  row.conversation,
  row.kind,
  row.createdAt,
  row.openedAt,
  row.head,
  row.lastAcceptedAt,
  row.oldestAt,
  row.receiptVersion,
  row.runUser,
  row.runStart,
  row.tailDay,
  row.tailStart,
];

const deviceValues = (state: DeviceState) => [
  state.conversation,
  state.device,
  state.user,
  state.joined,
  state.position,
  state.unopened,
  state.lastVersion,
  state.lastSince,
  state.lastReceiptSequence,
  state.lastNumber,
  state.lastId,
  state.lastSequence,
];

const memberValues = (state: MemberState) => [
  state.conversation,
  state.user,
  state.delivered,
  state.missing,
  state.unopened,
];

const receiptValues = (receipt: ReceiptRecord) => [
  receipt.conversation,
  receipt.version,
  0,
  receipt.user,
  receipt.device,
  receipt.sequence,
  receipt.at,
  receipt.logHash,
  receipt.unopened,
  receipt.signature,
];
