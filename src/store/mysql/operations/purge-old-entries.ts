import type { MysqlContext } from "../mysql-context.ts";
import type { PurgeRule } from "./purge-rule.ts";
import { boundsColumns, daysFrom, lastBefore, type LogBounds } from "./retention.ts";

/** Held at once: who writes to one of them waits as long. */
const conversationsAtOnce = 50;

/**
 * Lifts the floors of the conversations with the oldest entries, as many conversations as a chunk has, each at once for however many
 * entries; their rows go with their partition. A conversation that is written to just now has its turn next time.
 */
export const oldEntries: PurgeRule = {
  tables: ["messages"],
  rule: "past retention, messages and commits alike; disks forget by whole partitions",
  count: async (context, { retention }) => {
    let sum = 0;
    for (const log of await findOldLogs(context, retention, Number.MAX_SAFE_INTEGER)) {
      sum += (await lastBefore(context, log, retention)) - log.floor;
    }
    return [sum];
  },
  remove: async (context, { retention }, chunk) => {
    let removed = 0;
    for (const log of await holdOldLogs(context, retention, Math.min(chunk, conversationsAtOnce))) {
      const floor = await lastBefore(context, log, retention);
      await liftFloor(context, log, floor, retention);
      removed += floor - log.floor;
    }
    return [removed];
  },
};

function findOldLogs({ db }: MysqlContext, before: number, limit: number): Promise<LogBounds[]> {
  const sql = `SELECT ${boundsColumns} FROM conversations c WHERE c.oldest_at < ? ORDER BY c.oldest_at LIMIT ?`;
  return db.all<LogBounds>(sql, before, limit);
}

async function holdOldLogs(context: MysqlContext, before: number, limit: number): Promise<LogBounds[]> {
  const found = await findOldLogs(context, before, limit);
  if (found.length === 0) return [];
  return context.db.all<LogBounds>(
    `SELECT ${boundsColumns} FROM conversations c FORCE INDEX (PRIMARY) WHERE c.conversation IN (?) AND c.oldest_at < ?
     ORDER BY c.oldest_at FOR UPDATE SKIP LOCKED`,
    found.map(({ conversation }) => conversation),
    before,
  );
}

/** `before`: a time that nothing left is older than. */
export async function liftFloor(context: MysqlContext, log: LogBounds, floor: number, before: number): Promise<void> {
  const { db } = context;
  const next = await db.get<{ acceptedAt: number }>(
    `SELECT accepted_at AS acceptedAt FROM messages
     WHERE conversation = ? AND sequence > ? AND day BETWEEN ? AND ? ORDER BY sequence LIMIT 1`,
    log.conversation,
    floor,
    ...daysFrom(log, floor + 1),
  );
  await db.run(
    "UPDATE conversations SET floor = ?, oldest_at = ? WHERE conversation = ?",
    floor,
    floor >= log.head ? null : (next?.acceptedAt ?? before),
    log.conversation,
  );
}
