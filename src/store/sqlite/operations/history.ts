import type { HistoryKeyCursor, HistoryKeyRow, HistoryStore } from "../../../actors/ports/store-history.ts";
import type { LogRow } from "../../../actors/ports/store-log.ts";
import type { ConversationId, DeviceId, UserId } from "../../../protocol/ids.ts";
import { blobOf } from "../../blobs.ts";
import { firstReadable, joinOfShares } from "../../history-sharing.ts";
import { logRow } from "../../log-rows.ts";
import type { StoreContext } from "../store-context.ts";
import { fetchRows, rowsPerFetch } from "./log-reads.ts";
import { boundsColumns, findFloor, type LogBounds } from "./retention.ts";

/** See `HistoryStore.readHistory`. */
export function readHistory(
  context: StoreContext,
  read: Parameters<HistoryStore["readHistory"]>[0],
): Awaited<ReturnType<HistoryStore["readHistory"]>> {
  const conversation = blobOf(read.conversation);
  const bounds = context.db.get<LogBounds & { joined: number; left: number | null }>(
    `SELECT ${boundsColumns},
       ${firstReadable} AS joined, m.left_sequence AS left
     FROM members m ${joinOfShares} JOIN conversations c ON c.conversation = m.conversation JOIN devices d ON d.user = m.user AND d.device = ?
     WHERE m.conversation = ? AND m.user = ? AND m.joined_sequence IS NOT NULL AND d.revoked_at IS NULL`,
    blobOf(read.device),
    conversation,
    read.user,
  );
  if (bounds === undefined) return "not-a-member";
  const floor = findFloor(context, bounds);
  const first = Math.max(bounds.joined, floor + 1);
  const end = bounds.left ?? bounds.head;
  const newestFirst: LogRow[] = [];
  let bytes = 0;
  for (let last = Math.min(end, (read.before ?? end + 1) - 1); last >= first && newestFirst.length < read.limit;) {
    const from = Math.max(first, last - Math.min(rowsPerFetch, read.limit - newestFirst.length) + 1);
    for (const row of fetchRows(context, conversation, from, last).toReversed()) {
      bytes += row.payload.length;
      if (bytes > read.maxBytes && newestFirst.length > 0) return { entries: newestFirst.toReversed(), first, floor };
      newestFirst.push(logRow(read.conversation, row, floor));
    }
    last = from - 1;
  }
  return { entries: newestFirst.toReversed(), first, floor };
}

/** See `HistoryStore.putHistoryKeys`. */
export function putHistoryKeys(
  { db, now }: StoreContext,
  user: UserId,
  device: DeviceId,
  rows: readonly HistoryKeyRow[],
): boolean {
  const mayKeep = ({ conversation, generation, epoch }: HistoryKeyRow): boolean =>
    db.get(
      `SELECT 1 AS found FROM members m JOIN conversations c ON c.conversation = m.conversation
         JOIN devices d ON d.user = m.user AND d.device = ? AND d.revoked_at IS NULL
       WHERE m.conversation = ? AND m.user = ? AND (? < c.generation OR (? = c.generation AND ? <= c.epoch))`,
      blobOf(device),
      blobOf(conversation),
      user,
      generation,
      generation,
      epoch,
    ) !== undefined;
  if (!rows.every(mayKeep)) return false;
  for (const { conversation, generation, epoch, archiveGeneration, sealed } of rows) {
    db.run(
      `INSERT INTO history_keys (user, conversation, generation, epoch, archive_generation, sealed)
       VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`,
      user,
      blobOf(conversation),
      generation,
      epoch,
      archiveGeneration,
      sealed,
    );
  }
  for (const conversation of new Set(rows.map((row) => row.conversation))) {
    db.run(
      `UPDATE history_keys SET ended_at = ? WHERE user = ?2 AND conversation = ?3 AND ended_at IS NULL
         AND (generation, epoch) < (SELECT generation, epoch FROM history_keys WHERE user = ?2 AND conversation = ?3
           ORDER BY generation DESC, epoch DESC LIMIT 1)`,
      now,
      user,
      blobOf(conversation),
    );
  }
  return true;
}

/** See `HistoryStore.readHistoryKeys`. */
export function readHistoryKeys(
  { db }: StoreContext,
  user: UserId,
  conversation: ConversationId,
  after: HistoryKeyCursor,
  limit: number,
): HistoryKeyRow[] {
  const rows = db.all<Omit<HistoryKeyRow, "conversation">>(
    `SELECT generation, epoch, archive_generation AS archiveGeneration, sealed FROM history_keys
     WHERE user = ? AND conversation = ? AND (generation, epoch) > (?, ?) ORDER BY generation, epoch LIMIT ?`,
    user,
    blobOf(conversation),
    after.generation,
    after.epoch,
    limit,
  );
  return rows.map((row) => ({ conversation, ...row }));
}
