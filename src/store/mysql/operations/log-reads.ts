import type { LogRow, LogStore } from "../../../actors/ports/store-log.ts";
import type { ConversationId, DeviceId } from "../../../protocol/ids.ts";
import { blobOf } from "../../blobs.ts";
import { logRow, messageColumns, type MessageRow } from "../../log-rows.ts";
import type { MysqlContext } from "../mysql-context.ts";
import { boundsColumns, daysFrom, findFloor, findLogFloor, type LogBounds } from "./retention.ts";

type LogRead = Parameters<LogStore["readLog"]>[0];

/** Rows fetched at once, so that a page of large entries does not load many times what it returns. */
export const rowsPerFetch = 64;

interface Readable {
  bounds: LogBounds;
  first: number;
  last: number;
  floor: number;
  hiddenTo: number;
}

/** What a device may read: [first, last], above the floor; messages only above `hiddenTo`. Undefined where it is not, and never was, in the group. */
async function readableBy(
  context: MysqlContext,
  conversation: Uint8Array,
  device: DeviceId,
): Promise<Readable | undefined> {
  const row = await context.db.get<LogBounds & { joined: number; left: number | null }>(
    `SELECT ${boundsColumns}, cd.joined_sequence AS joined, cd.left_sequence AS \`left\`
     FROM conversation_devices cd JOIN conversations c ON c.conversation = cd.conversation
       JOIN devices d ON d.device = cd.device
     WHERE cd.conversation = ? AND cd.device = ? AND d.revoked_at IS NULL`,
    conversation,
    blobOf(device),
  );
  if (row === undefined) return undefined;
  const floor = await findLogFloor(context, row);
  const hiddenTo = row.retentionDays === null ? floor : await findFloor(context, row);
  return { bounds: row, first: Math.max(row.joined, floor + 1), last: row.left ?? row.head, floor, hiddenTo };
}

/** See `LogStore.readLog`. For a device that has left, the head is where its log ends. */
export async function readLog(context: MysqlContext, read: LogRead): ReturnType<LogStore["readLog"]> {
  const readable = await readableBy(context, blobOf(read.conversation), read.device);
  if (readable === undefined) return "not-a-member";
  const { last: head, floor } = readable;
  const entries: LogRow[] = [];
  let bytes = 0;
  let next = Math.max(read.after + 1, readable.first);
  while (next <= head && entries.length < read.limit) {
    const last = Math.min(head, next + Math.min(rowsPerFetch, read.limit - entries.length) - 1);
    for (const row of await fetchRows(context, readable.bounds, next, last)) {
      bytes += row.payload.length;
      if (bytes > read.maxBytes && entries.length > 0) return { entries, head, floor };
      entries.push(logRow(read.conversation, row, readable.hiddenTo));
    }
    next = last + 1;
  }
  return { entries, head, floor };
}

/** See `LogStore.findEntry`. */
export async function findEntry(
  context: MysqlContext,
  conversation: ConversationId,
  device: DeviceId,
  sequence: number,
): Promise<LogRow | undefined> {
  const readable = await readableBy(context, blobOf(conversation), device);
  if (readable === undefined || sequence < readable.first || sequence > readable.last) return undefined;
  const [row] = await fetchRows(context, readable.bounds, sequence, sequence);
  return row && logRow(conversation, row, readable.hiddenTo);
}

export function fetchRows({ db }: MysqlContext, bounds: LogBounds, first: number, last: number): Promise<MessageRow[]> {
  return db.all<MessageRow>(
    `SELECT ${messageColumns}
     FROM messages WHERE conversation = ? AND sequence BETWEEN ? AND ? AND day BETWEEN ? AND ? ORDER BY sequence`,
    bounds.conversation,
    first,
    last,
    ...daysFrom(bounds, first),
  );
}
