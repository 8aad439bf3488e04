/**
 * What goes before the deployment's retention is over. Of a conversation with a shorter one: all that every device has passed goes
 * with its rows; of what a device has still to pass, messages go, and the hashes of their entries stay, so that it can follow the log.
 * Of a message that disappears the same, as soon as every device has it.
 */
import type { ConversationId } from "../../../protocol/ids.ts";
import { idOf } from "../../blobs.ts";
import { goneMessage, wholeMessageKinds } from "../../entry-kinds.ts";
import { hashOfRow, messageColumns, type MessageRow } from "../../log-rows.ts";
import { dayOf } from "../days.ts";
import type { MysqlContext } from "../mysql-context.ts";
import { liftFloor } from "./purge-old-entries.ts";
import type { PurgeRule } from "./purge-rule.ts";
import { boundsColumns, daysFrom, lastBefore, retentionOf, type LogBounds } from "./retention.ts";

/** Held at once: who writes to one of them waits as long. */
const conversationsAtOnce = 50;
const shortened = `SELECT ${boundsColumns} FROM conversations c WHERE c.retention_days > 0 AND c.shortened_at < ?`;

export const shortenedLogs: PurgeRule = {
  tables: ["messages"],
  rule: "past the shorter retention of their conversation; what a device has still to pass leaves its hash",
  count: async (context, { now }) => {
    let sum = 0;
    for (const log of await context.db.all<LogBounds>(shortened, now)) {
      const { rowsTo, hiddenTo } = await endsOf(context, log, now);
      sum +=
        rowsTo - log.floor + (await findMessages(context, log, [rowsTo, hiddenTo], Number.MAX_SAFE_INTEGER)).length;
    }
    return [sum];
  },
  // Of those that nothing is to go from, as many as have their turn in this step are passed by until one has something.
  remove: async (context, { now }, chunk) => {
    for (;;) {
      const logs = await holdShortened(context, now, Math.min(chunk, conversationsAtOnce));
      let removed = 0;
      for (const log of logs) if (removed < chunk) removed += await forgetInLog(context, log, now, chunk - removed);
      if (removed > 0 || logs.length === 0) return [removed];
    }
  },
};

/** Those first that were not looked at for the longest time. One that is written to just now has its turn next time. */
async function holdShortened(context: MysqlContext, now: number, limit: number): Promise<LogBounds[]> {
  const found = await context.db.all<LogBounds>(`${shortened} ORDER BY c.shortened_at LIMIT ?`, now, limit);
  if (found.length === 0) return [];
  return context.db.all<LogBounds>(
    `SELECT ${boundsColumns} FROM conversations c FORCE INDEX (PRIMARY) WHERE c.conversation IN (?) AND c.retention_days > 0
     FOR UPDATE SKIP LOCKED`,
    found.map(({ conversation }) => conversation),
  );
}

async function forgetInLog(context: MysqlContext, log: LogBounds, now: number, atMost: number): Promise<number> {
  const { db } = context;
  const { rowsTo, hiddenTo } = await endsOf(context, log, now);
  const floor = Math.min(rowsTo, log.floor + atMost);
  if (floor > log.floor) await removeRows(context, log, floor);
  const messages = await findMessages(context, log, [floor, hiddenTo], atMost - (floor - log.floor));
  for (const row of messages) await forgetMessage(context, log.conversation, row);
  const removed = floor - log.floor + messages.length;
  const looked = "UPDATE conversations SET shortened_at = ? WHERE conversation = ?";
  if (removed < atMost) await db.run(looked, now, log.conversation);
  return removed;
}

/** Up to where rows go, and up to where messages. */
async function endsOf(context: MysqlContext, log: LogBounds, now: number) {
  const hiddenTo = await lastBefore(context, log, now - retentionOf(context, log));
  const { passed } = (await context.db.get<{ passed: number | null }>(
    `SELECT MIN(cd.position) AS passed FROM conversation_devices cd JOIN devices d ON d.device = cd.device
     WHERE cd.conversation = ? AND d.revoked_at IS NULL AND (cd.left_sequence IS NULL OR cd.position < cd.left_sequence)`,
    log.conversation,
  ))!;
  return { rowsTo: Math.max(log.floor, Math.min(hiddenTo, passed ?? hiddenTo)), hiddenTo };
}

/** Before the floor is lifted: by it their days are found. */
async function removeRows(context: MysqlContext, log: LogBounds, floor: number): Promise<void> {
  const { db } = context;
  const days = daysFrom(log, log.floor + 1);
  const rows = "DELETE FROM messages WHERE conversation = ? AND sequence > ? AND sequence <= ? AND day BETWEEN ? AND ?";
  await liftFloor(context, log, floor, context.now);
  await db.run(rows, log.conversation, log.floor, floor, ...days);
  await db.run("DELETE FROM commits WHERE conversation = ? AND sequence <= ?", log.conversation, floor);
}

async function findMessages(
  { db }: MysqlContext,
  log: LogBounds,
  [after, to]: [number, number],
  limit: number,
): Promise<MessageRow[]> {
  if (limit <= 0 || after >= to) return [];
  return db.all<MessageRow>(
    `SELECT ${messageColumns} FROM messages
     WHERE conversation = ? AND sequence > ? AND sequence <= ? AND day BETWEEN ? AND ? AND kind IN (${wholeMessageKinds}) ORDER BY sequence LIMIT ?`,
    log.conversation,
    after,
    to,
    ...daysFrom(log, after + 1),
    limit,
  );
}

async function forgetMessage({ db }: MysqlContext, conversation: Uint8Array, row: MessageRow): Promise<void> {
  await db.run(
    "UPDATE messages SET kind = ?, payload = ? WHERE conversation = ? AND sequence = ? AND day = ?",
    goneMessage,
    hashOfRow(idOf<ConversationId>(conversation), row),
    conversation,
    row.sequence,
    dayOf(row.acceptedAt),
  );
}

/** Every device that may read it has it, or its time to be delivered is over. */
const disappeared = `d.accepted_at < ? OR NOT EXISTS (SELECT 1 FROM conversation_devices cd JOIN devices v ON v.device = cd.device
  WHERE cd.conversation = d.conversation AND cd.position < d.sequence AND cd.joined_sequence <= d.sequence
    AND (cd.left_sequence IS NULL OR cd.left_sequence >= d.sequence) AND v.revoked_at IS NULL)`;

interface Disappearing {
  conversation: Buffer;
  sequence: number;
  acceptedAt: number;
}

export const disappearedMessages: PurgeRule = {
  tables: ["disappearing"],
  rule: "messages that disappear: every device has them, or their time to be delivered is over; they leave their hash",
  count: async ({ db }, { undelivered }) => {
    const sql = `SELECT COUNT(*) AS \`rows\` FROM disappearing d WHERE ${disappeared}`;
    return [(await db.get<{ rows: number }>(sql, undelivered))!.rows];
  },
  remove: async (context, { undelivered }, chunk) => {
    const { db } = context;
    const gone = await db.all<Disappearing>(
      `SELECT d.conversation, d.sequence, d.accepted_at AS acceptedAt FROM disappearing d WHERE ${disappeared} LIMIT ?`,
      undelivered,
      chunk,
    );
    let removed = 0;
    for (const { conversation, sequence, acceptedAt } of gone) {
      const ended = "DELETE FROM disappearing WHERE conversation = ? AND sequence = ?";
      if ((await db.run(ended, conversation, sequence)) === 0) continue;
      removed += 1;
      const row = await db.get<MessageRow>(
        `SELECT ${messageColumns} FROM messages WHERE conversation = ? AND sequence = ? AND day = ? AND kind IN (${wholeMessageKinds})`,
        conversation,
        sequence,
        dayOf(acceptedAt),
      );
      if (row !== undefined) await forgetMessage(context, conversation, row);
    }
    return [removed];
  },
};
