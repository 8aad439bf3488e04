import type { Expiry } from "../../../actors/ports/store-maintenance.ts";
import type { ConversationId, UserId } from "../../../protocol/ids.ts";
import { idOf } from "../blobs.ts";
import { commonRanges } from "../sequence-ranges.ts";
import type { StoreContext } from "../store-context.ts";
import { awaitedBy } from "../user-delivery.ts";
import { readMembers, usersOf } from "./members.ts";
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
  const members = readMembers(context, conversation);
  const users = usersOf(context, conversation);
  const expiries: Expiry[] = [];
  for (const { user, ...member } of members) {
    const overdue = commonRanges(awaitedBy(member), [[0, last]]);
    if (!overdue.some(([from, to]) => hasMessage(context, conversation, user, from, to))) continue;
    const version = writeExpired(context, { conversation, user, sequence: last, at: now });
    const tell = users.filter((other) => other !== user);
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

/** Whether somebody else's message lies in [from, to]. Commits do not expire: they are nobody's message. */
function hasMessage({ db }: StoreContext, conversation: Uint8Array, user: UserId, from: number, to: number): boolean {
  const found = db.get(
    `SELECT 1 AS found FROM messages
     WHERE conversation = ? AND sequence >= ? AND sequence <= ? AND kind = 0 AND sender_user <> ? LIMIT 1`,
    conversation,
    from,
    to,
    user,
  );
  return found !== undefined;
}
