import type { PurgeReport } from "../../../actors/ports/store-maintenance.ts";
import type { StoreContext } from "../store-context.ts";
import { lastBefore, type LogBounds } from "./retention.ts";

const dayMs = 24 * 60 * 60_000;
const receiptsKeptMs = 30 * dayMs;

/** The times before which things have had their end. */
interface Cutoffs {
  now: number;
  retention: number;
  undelivered: number;
  receipts: number;
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

/** `chunk` counts conversations: step by step, their rows go from all tables at once or not at all. */
function neverFounded(table: string): PurgeRule {
  const ended = "SELECT conversation FROM conversations WHERE generation = 0 AND opened_at < ?1";
  return {
    table,
    rule: "conversations that nobody founded, nor opened within the retention",
    count: ({ db }, { retention }) =>
      db.get<{ rows: number }>(`SELECT count(*) AS rows FROM ${table} WHERE conversation IN (${ended})`, retention)!
        .rows,
    remove: ({ db }, { retention }, chunk) =>
      db.run(
        `DELETE FROM ${table} WHERE conversation IN (${ended} ORDER BY opened_at, conversation LIMIT ?2)`,
        retention,
        chunk,
      ),
  };
}

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
    "history_shares",
    "conversation, user",
    "at < ?1",
    "leave to read what was before, which is past the retention by then",
    "retention",
  ),
  rowsWhere(
    "archive_grants",
    "device, generation",
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
  { table: "blocks", rule: "kept: until it is undone; bounded per user", kept: true },
  { table: "privacy_settings", rule: "kept: one row per user", kept: true },
  { table: "device_names", rule: "kept: one row per device, until it is revoked", kept: true },
  { table: "push_subscriptions", rule: "kept: one row per device, until it ends it or is revoked", kept: true },
  { table: "sweeps", rule: "kept: one row per sweep", kept: true },
  { table: "node_keys", rule: "kept: one row per key", kept: true },
  { table: "rosters", rule: "kept: one row per founded conversation", kept: true },
  neverFounded("conversation_groups"),
  neverFounded("group_members"),
  neverFounded("members"),
  neverFounded("directs"),
  neverFounded("conversations"),
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

function findOldLogs({ db }: StoreContext, before: number, limit: number): LogBounds[] {
  return db.all<LogBounds>(
    `SELECT conversation, head, floor, oldest_at AS oldestAt, last_accepted_at AS lastAcceptedAt
     FROM conversations WHERE oldest_at < ? ORDER BY oldest_at LIMIT ?`,
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
  const { db } = context;
  let removed = 0;
  for (const log of findOldLogs(context, retention, chunk)) {
    if (removed >= chunk) break;
    const floor = Math.min(lastBefore(context, log, retention), log.floor + chunk - removed);
    db.run("DELETE FROM messages WHERE conversation = ? AND sequence <= ?", log.conversation, floor);
    const next = db.get<{ acceptedAt: number }>(
      "SELECT accepted_at AS acceptedAt FROM messages WHERE conversation = ? AND sequence = ?",
      log.conversation,
      floor + 1,
    );
    db.run(
      "UPDATE conversations SET floor = ?, oldest_at = ? WHERE conversation = ?",
      floor,
      next?.acceptedAt ?? null,
      log.conversation,
    );
    removed += floor - log.floor;
  }
  return removed;
}
