import type { HistoryKeyCursor, HistoryKeyRow, HistoryStore } from "../../../actors/ports/store-history.ts";
import type { LogRow } from "../../../actors/ports/store-log.ts";
import type { ConversationId, DeviceId, UserId } from "../../../protocol/ids.ts";
import { blobOf } from "../../blobs.ts";
import { firstReadable, joinOfShares } from "../../history-sharing.ts";
import { logRow } from "../../log-rows.ts";
import type { MysqlContext } from "../mysql-context.ts";
import { fetchRows, rowsPerFetch } from "./log-reads.ts";
import { boundsColumns, findFloor, type LogBounds } from "./retention.ts";

/** See `HistoryStore.readHistory`. */
export async function readHistory(
  context: MysqlContext,
  read: Parameters<HistoryStore["readHistory"]>[0],
): ReturnType<HistoryStore["readHistory"]> {
  const conversation = blobOf(read.conversation);
  const bounds = await context.db.get<LogBounds & { joined: number; left: number | null }>(
    `SELECT ${boundsColumns}, ${firstReadable} AS joined, m.left_sequence AS \`left\`
     FROM members m ${joinOfShares} JOIN conversations c ON c.conversation = m.conversation JOIN devices d ON d.user = m.user AND d.device = ?
     WHERE m.conversation = ? AND m.user = ? AND m.joined_sequence IS NOT NULL AND d.revoked_at IS NULL`,
    blobOf(read.device),
    conversation,
    read.user,
  );
  if (bounds === undefined) return "not-a-member";
  const floor = await findFloor(context, bounds);
  const first = Math.max(bounds.joined, floor + 1);
  const end = bounds.left ?? bounds.head;
  const newestFirst: LogRow[] = [];
  let bytes = 0;
  for (let last = Math.min(end, (read.before ?? end + 1) - 1); last >= first && newestFirst.length < read.limit;) {
    const from = Math.max(first, last - Math.min(rowsPerFetch, read.limit - newestFirst.length) + 1);
    for (const row of (await fetchRows(context, bounds, from, last)).toReversed()) {
      bytes += row.payload.length;
      if (bytes > read.maxBytes && newestFirst.length > 0) return { entries: newestFirst.toReversed(), first, floor };
      newestFirst.push(logRow(read.conversation, row, floor));
    }
    last = from - 1;
  }
  return { entries: newestFirst.toReversed(), first, floor };
}

/** See `HistoryStore.putHistoryKeys`. */
export async function putHistoryKeys(
  { db, now }: MysqlContext,
  user: UserId,
  device: DeviceId,
  rows: readonly HistoryKeyRow[],
): Promise<boolean> {
  const mayKeep = async ({ conversation, generation, epoch }: HistoryKeyRow): Promise<boolean> =>
    (await db.get(
      `SELECT 1 AS found FROM members m JOIN conversations c ON c.conversation = m.conversation
         JOIN devices d ON d.user = m.user AND d.device = ? AND d.revoked_at IS NULL
       WHERE m.conversation = ? AND m.user = ? AND (? < c.generation OR (? = c.generation AND ? <= c.epoch))`,
      blobOf(device),
      blobOf(conversation),
      user,
      generation,
      generation,
      epoch,
    )) !== undefined;
  for (const row of rows) if (!(await mayKeep(row))) return false;
  for (const { conversation, generation, epoch, archiveGeneration, sealed } of rows) {
    await db.run(
      `INSERT IGNORE INTO history_keys (user, conversation, generation, epoch, archive_generation, sealed)
       VALUES (?, ?, ?, ?, ?, ?)`,
      user,
      blobOf(conversation),
      generation,
      epoch,
      archiveGeneration,
      sealed,
    );
  }
  for (const conversation of new Set(rows.map((row) => row.conversation))) {
    await db.run(
      `UPDATE history_keys SET ended_at = ? WHERE user = ? AND conversation = ? AND ended_at IS NULL
         AND (generation, epoch) < (SELECT * FROM (SELECT generation, epoch FROM history_keys
           WHERE user = ? AND conversation = ? ORDER BY generation DESC, epoch DESC LIMIT 1) AS newest)`,
      now,
      user,
      blobOf(conversation),
      user,
      blobOf(conversation),
    );
  }
  return true;
}

/** See `HistoryStore.readHistoryKeys`. */
export async function readHistoryKeys(
  { db }: MysqlContext,
  user: UserId,
  conversation: ConversationId,
  after: HistoryKeyCursor,
  limit: number,
): Promise<HistoryKeyRow[]> {
  const rows = await db.all<Omit<HistoryKeyRow, "conversation">>(
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
