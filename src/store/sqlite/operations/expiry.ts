import type { AcceptCommit } from "../../../actors/ports/store-conversations.ts";
import type { Expiry } from "../../../actors/ports/store-maintenance.ts";
import type { ConversationId, UserId } from "../../../protocol/ids.ts";
import { blobOf, idOf } from "../../blobs.ts";
import type { StoreContext } from "../store-context.ts";
import { newestAwaited } from "./awaited.ts";
import { readMembers, usersOf } from "./members.ts";
import { writeExpired } from "./receipts.ts";
import { boundsColumns, dayMs, lastBefore, retentionOf, type LogBounds } from "./retention.ts";

/** See `MaintenanceStore.expireUndelivered`. `limit` counts conversations. */
export function expireUndelivered(
  context: StoreContext,
  now: number,
  ttlMs: number,
  limit: number,
): { expiries: Expiry[]; more: boolean } {
  const rows = context.db.all<LogBounds>(
    `SELECT ${boundsColumns}
     FROM due JOIN conversations c ON c.conversation = due.conversation
     WHERE due.since < ?1 OR due.since < ?2 - c.retention_days * ${dayMs} ORDER BY due.since LIMIT ?3`,
    now - ttlMs,
    now,
    limit,
  );
  const expiries = rows.flatMap((row) => expireConversation(context, row, now, ttlMs));
  return { expiries, more: rows.length === limit };
}

function expireConversation(context: StoreContext, bounds: LogBounds, now: number, ttlMs: number): Expiry[] {
  const { db } = context;
  const { conversation } = bounds;
  // What retention has passed nobody can be given any more.
  const waitsMs = bounds.retentionDays === null ? ttlMs : Math.min(ttlMs, retentionOf(context, bounds));
  const last = lastBefore(context, bounds, now - waitsMs);
  const members = readMembers(context, conversation);
  const users = usersOf(context, conversation);
  const expiries: Expiry[] = [];
  for (const { user, ...member } of members) {
    if (newestAwaited(context, conversation, { user, ...member }, [0, last]) === undefined) continue;
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

/** What still waits, up to a sequence, for users whose devices are all gone for good runs out: nobody can open it any more. */
export function expireReplaced(
  context: StoreContext,
  { replaced = [], ...commit }: Pick<AcceptCommit, "conversation" | "replaced">,
  { sequence, at }: { sequence: number; at: number },
): { user: UserId; version: number }[] {
  if (replaced.length === 0) return [];
  const conversation = blobOf(commit.conversation);
  return readMembers(context, conversation)
    .filter(({ user }) => replaced.includes(user))
    .filter((member) => newestAwaited(context, conversation, member, [0, sequence]) !== undefined)
    .map(({ user }) => ({ user, version: writeExpired(context, { conversation, user, sequence, at }) }));
}
