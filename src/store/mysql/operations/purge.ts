import type { MysqlConnection, MysqlValue } from "../mysql-context.ts";
import { dayMs } from "../days.ts";
import { keyOf } from "./members.ts";
import { abandoned, erasedDirects, neverFounded } from "./purge-whole-conversations.ts";
import { oldEntries } from "./purge-old-entries.ts";
import { disappearedMessages, shortenedLogs } from "./purge-shortened.ts";
import { erasedUsers } from "./purge-erased-users.ts";
import { kept, rowsWhere, type PurgeRule } from "./purge-rule.ts";

/** Of their conversation, in milliseconds; null where it has none of its own. */
const ownRetention = (table: string) =>
  `(SELECT c.retention_days FROM conversations c WHERE c.conversation = ${table}.conversation) * ${dayMs}`;

/** The rules of each table, in the order in which they run: what refers to a row goes before the row. */
export const purgeRules: readonly PurgeRule[] = [
  kept("schema_migrations", "one row per migration"),
  kept("accounts", "one row per account, until it is erased"),
  kept("device_lists", "one row per user, the anchor of its devices' trust"),
  kept("device_list_entries", "a chain is checked from its first entry; bounded per user"),
  kept("devices", "revoked keys stay refused; bounded by the device list"),
  rowsWhere({
    table: "link_offers",
    key: ["channel"],
    condition: "expires_at <= ?",
    at: "now",
    rule: "expired",
  }),
  rowsWhere({
    table: "key_packages",
    key: ["id"],
    condition: "expires_at <= ?",
    at: "now",
    rule: "expired",
  }),
  rowsWhere({
    table: "inbox",
    key: ["device", "position"],
    condition: "kind = 1 AND at < ?",
    at: "retention",
    rule: "Welcomes: older than the retention",
  }),
  rowsWhere({
    table: "inbox",
    key: ["device", "position"],
    condition: "kind = 2 AND at < ?",
    at: "undelivered",
    rule: "requests: older than the undelivered time to live",
  }),
  rowsWhere({
    table: "welcomes",
    key: ["conversation", "sequence"],
    condition: `at < ? OR NOT EXISTS (SELECT 1 FROM inbox i WHERE i.conversation = welcomes.conversation AND i.kind = 1
      AND i.sequence = welcomes.sequence)`,
    at: "retention",
    rule: "older than the retention, or in no inbox",
  }),
  rowsWhere({
    table: "readd_requests",
    key: ["conversation", "device"],
    condition: "at < ?",
    at: "undelivered",
    rule: "older than the undelivered time to live",
  }),
  oldEntries,
  shortenedLogs,
  disappearedMessages,
  rowsWhere({
    table: "commits",
    key: ["conversation", "generation", "epoch"],
    condition: "day < ?",
    at: "retentionDay",
    rule: "with the entries that they refer to",
  }),
  // A receipt is written once; floor, watermark and a device's last receipt only go up: what was past stays so.
  rowsWhere({
    table: "receipts",
    key: ["conversation", "version"],
    condition: `at < ? AND EXISTS (SELECT 1 FROM conversations c WHERE c.conversation = receipts.conversation
      AND (receipts.sequence <= c.floor OR (receipts.sequence <= c.delivered_to_all
        AND NOT EXISTS (SELECT 1 FROM conversation_devices cd WHERE cd.conversation = receipts.conversation
          AND cd.device = receipts.device AND cd.receipt_version = receipts.version)
        AND NOT EXISTS (SELECT 1 FROM members m WHERE m.conversation = receipts.conversation
          AND m.user = receipts.user AND m.read_version = receipts.version))))`,
    at: "receipts",
    rule: "30 days after all have the message; the last of a device or a reader when the message itself is gone",
  }),
  rowsWhere({
    table: "conversation_devices",
    key: ["conversation", "device"],
    condition: "left_at < ?",
    at: "retention",
    rule: "positions and numbers of devices removed before the retention",
  }),
  rowsWhere({
    table: "history_keys",
    key: ["user", "conversation", "generation", "epoch"],
    condition: "ended_at < ?",
    at: "retention",
    rule: "keys of archives that a later one took over from, before the retention",
  }),
  rowsWhere({
    table: "history_keys",
    key: ["user", "conversation", "generation", "epoch"],
    condition: `ended_at < ? - ${ownRetention("history_keys")}`,
    at: "now",
    rule: "the same, by the shorter retention of their conversation",
  }),
  rowsWhere({
    table: "history_shares",
    key: ["conversation", "user"],
    condition: "at < ?",
    at: "retention",
    rule: "leave to read what was before, which is past the retention by then",
  }),
  rowsWhere({
    table: "history_shares",
    key: ["conversation", "user"],
    condition: `at < ? - ${ownRetention("history_shares")}`,
    at: "now",
    rule: "the same, by the shorter retention of their conversation",
  }),
  rowsWhere({
    table: "archive_grants",
    key: ["device", "generation", "given_by"],
    condition: "at < ?",
    at: "retention",
    rule: "archive keys for one device each: older than the retention",
  }),
  // An accept that finds the row there counts on it, and writes none: it has the conversation, or it comes after.
  rowsWhere({
    table: "due",
    key: ["conversation"],
    condition: `next_at < ? AND NOT EXISTS (
      SELECT 1 FROM conversations c WHERE c.conversation = due.conversation AND c.head > c.floor)`,
    at: "now",
    rule: "conversations of which nothing is left to deliver",
    hold: holdConversations,
  }),
  rowsWhere({
    table: "wakes",
    key: ["user"],
    condition: "next_at < ?",
    at: "undelivered",
    rule: "schedules that nobody has looked at for as long as messages wait",
  }),
  rowsWhere({
    table: "blobs",
    key: ["id"],
    condition: "expires_at < ?",
    at: "blobs",
    rule: "over for a week, though their bytes could not be removed",
  }),
  kept("blocks", "until it is undone; bounded per user"),
  kept("privacy_settings", "one row per user"),
  kept("device_names", "one row per device, until it is revoked"),
  kept("recovery_keys", "one row per user, until it starts over"),
  kept("recovery_grants", "the newest of each device for each recovery key, which takes them with it"),
  kept("push_subscriptions", "one row per device, until it ends it or is revoked"),
  kept("sweeps", "one row per sweep"),
  kept("node_keys", "one row per key"),
  kept("rosters", "one row per founded conversation"),
  kept("sweep_reports", "the latest of each sweep"),
  neverFounded,
  abandoned,
  erasedDirects,
  ...erasedUsers,
];

/** Those whose conversation nobody else holds, or that have none any more. */
async function holdConversations<Row extends Record<string, MysqlValue>>(
  db: MysqlConnection,
  rows: readonly Row[],
): Promise<Row[]> {
  const conversations = rows.map(({ conversation }) => conversation!);
  const select = "SELECT conversation FROM conversations FORCE INDEX (PRIMARY) WHERE conversation IN (?)";
  const held = await db.all<{ conversation: Buffer }>(`${select} FOR UPDATE SKIP LOCKED`, conversations);
  const there = await db.all<{ conversation: Buffer }>(select, conversations);
  const ours = new Set(held.map(({ conversation }) => keyOf(conversation)));
  const others = new Set(there.map(({ conversation }) => keyOf(conversation)).filter((key) => !ours.has(key)));
  return rows.filter(({ conversation }) => !others.has(keyOf(conversation as Buffer)));
}
