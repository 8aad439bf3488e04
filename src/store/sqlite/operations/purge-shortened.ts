/**
 * What goes before the deployment's retention is over. Of a conversation with a shorter one: all that every device has passed goes
 * with its rows; of what a device has still to pass, messages go, and the hashes of their entries stay, so that it can follow the log.
 * Of a message that disappears the same, as soon as every device has it.
 */
import type { ConversationId } from "../../../protocol/ids.ts";
import { idOf } from "../../blobs.ts";
import { goneMessage, wholeMessageKinds } from "../../entry-kinds.ts";
import { hashOfRow, messageColumns, type MessageRow } from "../../log-rows.ts";
import type { StoreContext } from "../store-context.ts";
import { boundsColumns, lastBefore, retentionOf, type LogBounds } from "./retention.ts";

interface Times {
  now: number;
  undelivered: number;
}

const shortened = `SELECT ${boundsColumns} FROM conversations c WHERE c.retention_days IS NOT NULL AND c.shortened_at < ?1`;

export function countShortened(context: StoreContext, { now }: Times): number {
  const logs = context.db.all<LogBounds>(shortened, now);
  return logs.reduce((sum, log) => {
    const { rowsTo, hiddenTo } = endsOf(context, log, now);
    return sum + (rowsTo - log.floor) + findMessages(context, log, [rowsTo, hiddenTo], Number.MAX_SAFE_INTEGER).length;
  }, 0);
}

/** Those first that were not looked at for the longest time; about `chunk` rows, and no more than `chunk` conversations. */
export function forgetShortened(context: StoreContext, { now }: Times, chunk: number): number {
  let removed = 0;
  const logs = context.db.all<LogBounds>(`${shortened} ORDER BY c.shortened_at LIMIT ?2`, now, chunk);
  for (const log of logs) {
    if (removed >= chunk) break;
    removed += forgetInLog(context, log, now, chunk - removed);
  }
  return removed;
}

function forgetInLog(context: StoreContext, log: LogBounds, now: number, atMost: number): number {
  const { db } = context;
  const { rowsTo, hiddenTo } = endsOf(context, log, now);
  const floor = Math.min(rowsTo, log.floor + atMost);
  if (floor > log.floor) removeRows(context, log, floor);
  const messages = findMessages(context, log, [floor, hiddenTo], atMost - (floor - log.floor));
  for (const row of messages) forgetMessage(context, log.conversation, row);
  const removed = floor - log.floor + messages.length;
  if (removed < atMost)
    db.run("UPDATE conversations SET shortened_at = ? WHERE conversation = ?", now, log.conversation);
  return removed;
}

/** Up to where rows go, and up to where messages. */
function endsOf(context: StoreContext, log: LogBounds, now: number): { rowsTo: number; hiddenTo: number } {
  const hiddenTo = lastBefore(context, log, now - retentionOf(context, log));
  const { passed } = context.db.get<{ passed: number | null }>(
    `SELECT min(cd.position) AS passed FROM conversation_devices cd JOIN devices d ON d.device = cd.device
     WHERE cd.conversation = ? AND d.revoked_at IS NULL AND (cd.left_sequence IS NULL OR cd.position < cd.left_sequence)`,
    log.conversation,
  )!;
  return { rowsTo: Math.max(log.floor, Math.min(hiddenTo, passed ?? hiddenTo)), hiddenTo };
}

/** Lifts the floor of a log, and keeps the time of what is left. */
export function removeRows(
  { db }: StoreContext,
  { conversation }: Pick<LogBounds, "conversation">,
  floor: number,
): void {
  db.run("DELETE FROM messages WHERE conversation = ? AND sequence <= ?", conversation, floor);
  db.run(
    `UPDATE conversations SET floor = ?1, oldest_at = (SELECT accepted_at FROM messages WHERE conversation = ?2 AND sequence = ?1 + 1)
     WHERE conversation = ?2`,
    floor,
    conversation,
  );
}

function findMessages(
  { db }: StoreContext,
  { conversation }: LogBounds,
  [after, to]: [number, number],
  limit: number,
): MessageRow[] {
  if (limit <= 0 || after >= to) return [];
  return db.all<MessageRow>(
    `SELECT ${messageColumns} FROM messages WHERE conversation = ? AND sequence > ? AND sequence <= ? AND kind IN (${wholeMessageKinds})
     ORDER BY sequence LIMIT ?`,
    conversation,
    after,
    to,
    limit,
  );
}

function forgetMessage({ db }: StoreContext, conversation: Uint8Array, row: MessageRow): void {
  db.run(
    "UPDATE messages SET kind = ?, payload = ? WHERE conversation = ? AND sequence = ?",
    goneMessage,
    hashOfRow(idOf<ConversationId>(conversation), row),
    conversation,
    row.sequence,
  );
}

/** Every device that may read it has it, or its time to be delivered is over. */
const disappeared = `d.accepted_at < ?1 OR NOT EXISTS (SELECT 1 FROM conversation_devices cd JOIN devices v ON v.device = cd.device
  WHERE cd.conversation = d.conversation AND cd.position < d.sequence AND cd.joined_sequence <= d.sequence
    AND (cd.left_sequence IS NULL OR cd.left_sequence >= d.sequence) AND v.revoked_at IS NULL)`;

export function countDisappeared({ db }: StoreContext, { undelivered }: Times): number {
  const sql = `SELECT count(*) AS rows FROM disappearing d WHERE ${disappeared}`;
  return db.get<{ rows: number }>(sql, undelivered)!.rows;
}

export function forgetDisappeared(context: StoreContext, { undelivered }: Times, chunk: number): number {
  const { db } = context;
  const gone = db.all<{ conversation: Uint8Array; sequence: number }>(
    `SELECT d.conversation, d.sequence FROM disappearing d WHERE ${disappeared} LIMIT ?2`,
    undelivered,
    chunk,
  );
  for (const { conversation, sequence } of gone) {
    const row = db.get<MessageRow>(
      `SELECT ${messageColumns} FROM messages WHERE conversation = ? AND sequence = ? AND kind IN (${wholeMessageKinds})`,
      conversation,
      sequence,
    );
    if (row !== undefined) forgetMessage(context, conversation, row);
    db.run("DELETE FROM disappearing WHERE conversation = ? AND sequence = ?", conversation, sequence);
  }
  return gone.length;
}
