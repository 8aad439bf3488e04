import { tablesOfEachConversation } from "../../conversation-tables.ts";
import type { PurgeReport } from "../../../actors/ports/store-maintenance.ts";
import type { StoreContext } from "../store-context.ts";
import { countDisappeared, countShortened, forgetDisappeared, forgetShortened, removeRows } from "./purge-shortened.ts";
import { boundsColumns, lastBefore, type LogBounds } from "./retention.ts";

const dayMs = 24 * 60 * 60_000;
const receiptsKeptMs = 30 * dayMs;
const bytesPatienceMs = 7 * dayMs;

/** The times before which things have had their end. */
interface Cutoffs {
  now: number;
  retention: number;
  undelivered: number;
  receipts: number;
  blobs: number;
}

/** How a table ends. `remove` deletes at most `chunk` rows and returns how many; rows that stay have a reason instead. */
type PurgeRule = { table: string; rule: string } & (
  | { kept: true }
  | {
      count(context: StoreContext, cutoffs: Cutoffs): number;
      remove(context: StoreContext, cutoffs: Cutoffs, chunk: number): number;
    }
);

/** A rule whose rows one condition finds. Every part is a constant of this file; `?1` is the cutoff. */
function rowsWhere(table: string, key: string, condition: string, rule: string, at: keyof Cutoffs): PurgeRule {
  return {
    table,
    rule,
    count: ({ db }, cutoffs) =>
      db.get<{ rows: number }>(`SELECT count(*) AS rows FROM ${table} WHERE ${condition}`, cutoffs[at])!.rows,
    remove: ({ db }, cutoffs, chunk) =>
      db.run(
        `DELETE FROM ${table} WHERE (${key}) IN (SELECT ${key} FROM ${table} WHERE ${condition} LIMIT ?2)`,
        cutoffs[at],
        chunk,
      ),
  };
}

const shortened = "SELECT conversation FROM conversations WHERE retention_days IS NOT NULL";
/** The end of their conversation's own retention; `?1` is now. */
const ownCutoff = (table: string) =>
  `?1 - (SELECT retention_days FROM conversations c WHERE c.conversation = ${table}.conversation) * ${dayMs}`;

const neverFounded = {
  rule: "conversations that nobody founded, nor opened within the retention",
  find: "SELECT conversation FROM conversations WHERE generation = 0 AND opened_at < ?1",
  order: "opened_at, conversation",
};
const abandoned = {
  rule: "groups that everybody has left, and of which retention has passed all",
  find: `SELECT conversation FROM conversations c WHERE kind = 'group' AND oldest_at IS NULL AND generation > 0 AND last_accepted_at < ?1
    AND NOT EXISTS (SELECT 1 FROM group_members g WHERE g.conversation = c.conversation
      AND NOT EXISTS (SELECT 1 FROM erasures e WHERE e.pseudonym = g.user))`,
  order: "last_accepted_at, conversation",
};
const erasedDirects = `SELECT conversation FROM conversations c WHERE kind = 'direct' AND oldest_at IS NULL AND generation > 0 AND last_accepted_at < ?1
    AND EXISTS (SELECT 1 FROM members m JOIN erasures e ON e.pseudonym = m.user WHERE m.conversation = c.conversation)`;

/** `chunk` counts conversations: step by step, their rows go from all tables at once or not at all. */
function ended(table: string, { rule, find, order }: typeof neverFounded): PurgeRule {
  return {
    table,
    rule,
    count: ({ db }, { retention }) =>
      db.get<{ rows: number }>(`SELECT count(*) AS rows FROM ${table} WHERE conversation IN (${find})`, retention)!
        .rows,
    remove: ({ db }, { retention }, chunk) =>
      db.run(`DELETE FROM ${table} WHERE conversation IN (${find} ORDER BY ${order} LIMIT ?2)`, retention, chunk),
  };
}

/** The conversation's own row last, and before it the members': by them the others are found. */
const perGroup = [...tablesOfEachConversation, "conversation_groups", "members", "group_members", "conversations"];
const perDirect = [...tablesOfEachConversation, "directs", "members", "conversations"];

/** Somebody who was erased so long ago that retention has passed all that they said; `?1` is its end. */
const longErased = "SELECT pseudonym FROM erasures WHERE erased_at < ?1";
const nowhereNamed = (user: string) =>
  `${user} IN (${longErased}) AND NOT EXISTS (SELECT 1 FROM members m WHERE m.user = ${user})`;

/** The rules of each table, in the order in which they run: what refers to a row goes before the row. */
export const purgeRules: readonly PurgeRule[] = [
  { table: "schema_migrations", rule: "kept: one row per migration", kept: true },
  { table: "accounts", rule: "kept: one row per account, until it is erased", kept: true },
  { table: "device_lists", rule: "kept: one row per user, the anchor of its devices' trust", kept: true },
  { table: "device_list_entries", rule: "kept: a chain is checked from its first entry; bounded per user", kept: true },
  { table: "devices", rule: "kept: revoked keys stay refused; bounded by the device list", kept: true },
  rowsWhere("link_offers", "channel", "expires_at <= ?1", "expired", "now"),
  rowsWhere("key_packages", "id", "expires_at <= ?1", "expired", "now"),
  rowsWhere("inbox", "device, position", "kind = 1 AND at < ?1", "Welcomes: older than the retention", "retention"),
  rowsWhere(
    "inbox",
    "device, position",
    "kind = 2 AND at < ?1",
    "requests: older than the undelivered time to live",
    "undelivered",
  ),
  rowsWhere(
    "welcomes",
    "conversation, sequence",
    `at < ?1 OR NOT EXISTS (SELECT 1 FROM inbox i WHERE i.conversation = welcomes.conversation AND i.kind = 1
       AND i.sequence = welcomes.sequence)`,
    "older than the retention, or in no inbox",
    "retention",
  ),
  rowsWhere(
    "readd_requests",
    "conversation, device",
    "at < ?1",
    "older than the undelivered time to live",
    "undelivered",
  ),
  {
    table: "messages",
    rule: "past retention, messages and commits alike",
    count: countOldEntries,
    remove: removeOldEntries,
  },
  {
    table: "messages",
    rule: "past the shorter retention of their conversation; what a device has still to pass leaves its hash",
    count: countShortened,
    remove: forgetShortened,
  },
  {
    table: "disappearing",
    rule: "messages that disappear: every device has them, or their time to be delivered is over; they leave their hash",
    count: countDisappeared,
    remove: forgetDisappeared,
  },
  rowsWhere(
    "receipts",
    "conversation, version",
    `at < ?1 AND EXISTS (SELECT 1 FROM conversations c WHERE c.conversation = receipts.conversation
       AND (receipts.sequence <= c.floor OR (receipts.sequence <= c.delivered_to_all
         AND NOT EXISTS (SELECT 1 FROM conversation_devices cd WHERE cd.conversation = receipts.conversation
           AND cd.device = receipts.device AND cd.receipt_version = receipts.version)
         AND NOT EXISTS (SELECT 1 FROM members m WHERE m.conversation = receipts.conversation
           AND m.user = receipts.user AND m.read_version = receipts.version))))`,
    "30 days after all have the message; the last of a device or a reader when the message itself is gone",
    "receipts",
  ),
  rowsWhere(
    "conversation_devices",
    "conversation, device",
    "left_at IS NOT NULL AND left_at < ?1",
    "positions and numbers of devices removed before the retention",
    "retention",
  ),
  rowsWhere(
    "history_keys",
    "user, conversation, generation, epoch",
    "ended_at IS NOT NULL AND ended_at < ?1",
    "keys of archives that a later one took over from, before the retention",
    "retention",
  ),
  rowsWhere(
    "history_keys",
    "user, conversation, generation, epoch",
    `conversation IN (${shortened}) AND ended_at < ${ownCutoff("history_keys")}`,
    "the same, by the shorter retention of their conversation",
    "now",
  ),
  rowsWhere(
    "history_shares",
    "conversation, user",
    "at < ?1",
    "leave to read what was before, which is past the retention by then",
    "retention",
  ),
  rowsWhere(
    "history_shares",
    "conversation, user",
    `conversation IN (${shortened}) AND at < ${ownCutoff("history_shares")}`,
    "the same, by the shorter retention of their conversation",
    "now",
  ),
  rowsWhere(
    "archive_grants",
    "device, generation, given_by",
    "at < ?1",
    "archive keys for one device each: older than the retention",
    "retention",
  ),
  rowsWhere(
    "due",
    "conversation",
    `NOT EXISTS (SELECT 1 FROM conversations c WHERE c.conversation = due.conversation AND c.head > c.floor)
     AND next_at < ?1`,
    "conversations of which nothing is left to deliver",
    "now",
  ),
  rowsWhere(
    "wakes",
    "user",
    "next_at < ?1",
    "schedules that nobody has looked at for as long as messages wait",
    "undelivered",
  ),
  rowsWhere("blobs", "id", "expires_at < ?1", "over for a week, though their bytes could not be removed", "blobs"),
  { table: "blocks", rule: "kept: until it is undone; bounded per user", kept: true },
  { table: "privacy_settings", rule: "kept: one row per user", kept: true },
  { table: "device_names", rule: "kept: one row per device, until it is revoked", kept: true },
  { table: "recovery_keys", rule: "kept: one row per user, until it starts over", kept: true },
  {
    table: "recovery_grants",
    rule: "kept: the newest of each device for each recovery key, which takes them with it",
    kept: true,
  },
  { table: "push_subscriptions", rule: "kept: one row per device, until it ends it or is revoked", kept: true },
  { table: "sweeps", rule: "kept: one row per sweep", kept: true },
  { table: "node_keys", rule: "kept: one row per key", kept: true },
  { table: "rosters", rule: "kept: one row per founded conversation", kept: true },
  { table: "sweep_reports", rule: "kept: the latest of each sweep", kept: true },
  ...["conversation_groups", "group_members", "members", "directs", "conversations"].map((table) =>
    ended(table, neverFounded),
  ),
  ...perGroup.map((table) => ended(table, abandoned)),
  {
    table: "conversations",
    rule: "directs with a user who was erased, of which retention has passed all; with all their rows",
    count: ({ db }, { retention }) =>
      db.get<{ rows: number }>(`SELECT count(*) AS rows FROM (${erasedDirects})`, retention)!.rows,
    remove: removeErasedDirects,
  },
  rowsWhere(
    "members",
    "conversation, user",
    `user IN (${longErased}) AND NOT EXISTS (SELECT 1 FROM group_members g WHERE g.user = members.user
       AND g.conversation = members.conversation) AND NOT EXISTS (SELECT 1 FROM directs d WHERE d.conversation = members.conversation)`,
    "users who were erased before the retention, in groups that they are removed from",
    "retention",
  ),
  rowsWhere(
    "devices",
    "device",
    nowhereNamed("devices.user"),
    "keys of who was erased: with the last of their messages",
    "retention",
  ),
  rowsWhere("blocks", "user, blocked", nowhereNamed("blocks.user"), "of who was erased: the same", "retention"),
  rowsWhere(
    "device_lists",
    "user",
    `${nowhereNamed("device_lists.user")}
      AND NOT EXISTS (SELECT 1 FROM devices d WHERE d.user = device_lists.user)`,
    "of who was erased: the same",
    "retention",
  ),
  rowsWhere(
    "erasures",
    "pseudonym",
    `erased_at < ?1 AND NOT EXISTS (SELECT 1 FROM members m WHERE m.user = pseudonym)
       AND NOT EXISTS (SELECT 1 FROM device_lists l WHERE l.user = pseudonym)`,
    "with all that is left of who was erased",
    "retention",
  ),
];

/**
 * One step of `MaintenanceStore.purge`: at most `chunk` rows of each table, so that others get their turn in between.
 * A dry run counts all of them instead.
 */
export function purgeStep(
  context: StoreContext,
  options: { now: number; dryRun: boolean; chunk: number },
): PurgeReport {
  const { now, dryRun, chunk } = options;
  const cutoffs: Cutoffs = {
    now,
    retention: now - context.retentionMs,
    undelivered: now - context.undeliveredTtlMs,
    receipts: now - receiptsKeptMs,
    blobs: now - bytesPatienceMs,
  };
  return purgeRules.map((rule) => {
    const { table } = rule;
    if ("kept" in rule) return { table, rule: rule.rule, rows: 0 };
    return {
      table,
      rule: rule.rule,
      rows: dryRun ? rule.count(context, cutoffs) : rule.remove(context, cutoffs, chunk),
    };
  });
}

function removeErasedDirects({ db }: StoreContext, { retention }: Cutoffs, chunk: number): number {
  const found = db.all<{ conversation: Uint8Array }>(`${erasedDirects} LIMIT ?2`, retention, chunk);
  for (const { conversation } of found)
    for (const table of perDirect) db.run(`DELETE FROM ${table} WHERE conversation = ?`, conversation);
  return found.length;
}

function findOldLogs({ db }: StoreContext, before: number, limit: number): LogBounds[] {
  return db.all<LogBounds>(
    `SELECT ${boundsColumns}
     FROM conversations c WHERE c.oldest_at < ? ORDER BY c.oldest_at LIMIT ?`,
    before,
    limit,
  );
}

function countOldEntries(context: StoreContext, { retention }: Cutoffs): number {
  const logs = findOldLogs(context, retention, Number.MAX_SAFE_INTEGER);
  return logs.reduce((sum, log) => sum + lastBefore(context, log, retention) - log.floor, 0);
}

/** From the oldest on, conversation by conversation; each keeps its floor and the time of what is left. */
function removeOldEntries(context: StoreContext, { retention }: Cutoffs, chunk: number): number {
  let removed = 0;
  for (const log of findOldLogs(context, retention, chunk)) {
    if (removed >= chunk) break;
    const floor = Math.min(lastBefore(context, log, retention), log.floor + chunk - removed);
    removeRows(context, log, floor);
    removed += floor - log.floor;
  }
  return removed;
}
