import type { LogRow, LogStore } from "../../../actors/ports/store-log.ts";
import type { ConversationId, DeviceId } from "../../../protocol/ids.ts";
import { blobOf } from "../../blobs.ts";
import { logRow, messageColumns, type MessageRow } from "../../log-rows.ts";
import type { StoreContext } from "../store-context.ts";
import { boundsColumns, findFloor, findLogFloor, type LogBounds } from "./retention.ts";

type LogRead = Parameters<LogStore["readLog"]>[0];

/** Rows fetched at once, so that a page of large entries does not load many times what it returns. */
export const rowsPerFetch = 32;

/** What a device may read: [first, last], above the floor; messages only above `hiddenTo`. Undefined where it is not, and never was, in the group. */
function readableBy(
  context: StoreContext,
  conversation: Uint8Array,
  device: DeviceId,
): { first: number; last: number; floor: number; hiddenTo: number } | undefined {
  const row = context.db.get<LogBounds & { joined: number; left: number | null }>(
    `SELECT ${boundsColumns},
       cd.joined_sequence AS joined, cd.left_sequence AS left
     FROM conversation_devices cd JOIN conversations c ON c.conversation = cd.conversation
       JOIN devices d ON d.device = cd.device
     WHERE cd.conversation = ? AND cd.device = ? AND d.revoked_at IS NULL`,
    conversation,
    blobOf(device),
  );
  if (row === undefined) return undefined;
  const floor = findLogFloor(context, row);
  const hiddenTo = row.retentionDays === null ? floor : findFloor(context, row);
  return { first: Math.max(row.joined, floor + 1), last: row.left ?? row.head, floor, hiddenTo };
}

/** See `LogStore.readLog`. For a device that has left, the head is where its log ends. */
export function readLog(context: StoreContext, read: LogRead): Awaited<ReturnType<LogStore["readLog"]>> {
  const conversation = blobOf(read.conversation);
  const readable = readableBy(context, conversation, read.device);
  if (readable === undefined) return "not-a-member";
  const entries: LogRow[] = [];
  let bytes = 0;
  let next = Math.max(read.after + 1, readable.first);
  while (next <= readable.last && entries.length < read.limit) {
    const last = Math.min(readable.last, next + Math.min(rowsPerFetch, read.limit - entries.length) - 1);
    for (const row of fetchRows(context, conversation, next, last)) {
      bytes += row.payload.length;
      if (bytes > read.maxBytes && entries.length > 0) return { entries, head: readable.last, floor: readable.floor };
      entries.push(logRow(read.conversation, row, readable.hiddenTo));
    }
    next = last + 1;
  }
  return { entries, head: readable.last, floor: readable.floor };
}

/** See `LogStore.findEntry`. */
export function findEntry(
  context: StoreContext,
  conversation: ConversationId,
  device: DeviceId,
  sequence: number,
): LogRow | undefined {
  const blob = blobOf(conversation);
  const readable = readableBy(context, blob, device);
  if (readable === undefined || sequence < readable.first || sequence > readable.last) return undefined;
  const [row] = fetchRows(context, blob, sequence, sequence);
  return row && logRow(conversation, row, readable.hiddenTo);
}

export function fetchRows({ db }: StoreContext, conversation: Uint8Array, first: number, last: number): MessageRow[] {
  return db.all<MessageRow>(
    `SELECT ${messageColumns}
     FROM messages WHERE conversation = ? AND sequence BETWEEN ? AND ? ORDER BY sequence`,
    conversation,
    first,
    last,
  );
}
