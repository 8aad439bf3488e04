import type { Expiry } from "../../../actors/ports/store-maintenance.ts";
import type { ConversationId, UserId } from "../../../protocol/ids.ts";
import { idOf } from "../blobs.ts";
import type { StoreContext } from "../store-context.ts";
import { writeExpired } from "./receipts.ts";
import { lastBefore, type LogBounds } from "./retention.ts";

/** See `MaintenanceStore.expireUndelivered`. `limit` counts conversations. */
export function expireUndelivered(context: StoreContext, now: number, ttlMs: number, limit: number): Expiry[] {
  const rows = context.db.all<LogBounds>(
    `SELECT c.conversation, c.head, c.floor, c.oldest_at AS oldestAt, c.last_accepted_at AS lastAcceptedAt
     FROM due JOIN conversations c ON c.conversation = due.conversation
     WHERE due.since < ? ORDER BY due.since LIMIT ?`,
    now - ttlMs,
    limit,
  );
  return rows.flatMap((row) => expireConversation(context, row, now, ttlMs));
}

function expireConversation(context: StoreContext, bounds: LogBounds, now: number, ttlMs: number): Expiry[] {
  const { db } = context;
  const { conversation } = bounds;
  const last = lastBefore(context, bounds, now - ttlMs);
  const members = db.all<{ user: UserId; joined: number | null; reached: number }>(
    `SELECT user, joined_sequence AS joined, max(delivered_sequence, expired_sequence) AS reached
     FROM members WHERE conversation = ?`,
    conversation,
  );
  const expiries: Expiry[] = [];
  for (const { user, joined, reached } of members) {
    if (joined === null || !lacksMessage(context, conversation, user, Math.max(reached, joined), last)) continue;
    const version = writeExpired(context, { conversation, user, sequence: last, at: now });
    const tell = members.map((member) => member.user).filter((other) => other !== user);
    expiries.push({ conversation: idOf<ConversationId>(conversation), user, sequence: last, at: now, version, tell });
  }
  // What may expire next is the entry after; where there is none, the next accept sets it.
  const next = db.get<{ acceptedAt: number }>(
    "SELECT accepted_at AS acceptedAt FROM messages WHERE conversation = ? AND sequence = ?",
    conversation,
    last + 1,
  );
  db.run("UPDATE due SET since = ? WHERE conversation = ?", next?.acceptedAt ?? null, conversation);
  return expiries;
}

/** Whether somebody else's message lies in (after, last]. Commits do not expire: they are nobody's message. */
function lacksMessage(
  { db }: StoreContext,
  conversation: Uint8Array,
  user: UserId,
  after: number,
  last: number,
): boolean {
  const found = db.get(
    `SELECT 1 AS found FROM messages
     WHERE conversation = ? AND sequence > ? AND sequence <= ? AND kind = 0 AND sender_user <> ? LIMIT 1`,
    conversation,
    after,
    last,
    user,
  );
  return found !== undefined;
}
