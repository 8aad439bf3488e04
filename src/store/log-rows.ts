/**
 * Log entries as they are read. A message that has gone, or that its conversation's retention has passed, is shown as one: who sent
 * it when, and the hash of its entry, by which whoever has not read so far can go on; what was said is not given out. What somebody
 * sent who was erased is given out under the pseudonym, with the hash of the entry as it was.
 */
import { createHash } from "node:crypto";
import type { LogRow } from "../actors/ports/store-log.ts";
import type { ConversationId, DeviceId, MessageId, UserId } from "../protocol/ids.ts";
import { logEntryBytes } from "../protocol/log-entry-bytes.ts";
import { idOf } from "./blobs.ts";
import { isErased, isGone, kindOf } from "./entry-kinds.ts";

/** Of an entry. */
const hashBytes = 32;

/** A row of the table `messages`. */
export interface MessageRow {
  sequence: number;
  kind: number;
  generation: number;
  epoch: number;
  user: UserId;
  device: Uint8Array;
  id: Uint8Array;
  number: number;
  acceptedAt: number;
  payload: Uint8Array;
}

/** In SQL: those columns. */
export const messageColumns = `sequence, kind, generation, epoch, sender_user AS user, sender_device AS device, id, number,
       accepted_at AS acceptedAt, payload`;

/** `hiddenTo`: messages up to this sequence are past the retention of their conversation. */
export function logRow(conversation: ConversationId, row: MessageRow, hiddenTo: number): LogRow {
  if (isGone(row.kind)) return { ...wholeRow(conversation, row), ...goneBy(row.payload) };
  const isHidden = kindOf(row.kind) === "message" && row.sequence <= hiddenTo;
  if (isHidden) return { ...wholeRow(conversation, row), ...goneBy(hashOfRow(conversation, row)) };
  if (!isErased(row.kind)) return wholeRow(conversation, row);
  const payload = new Uint8Array(row.payload.subarray(hashBytes));
  return { ...wholeRow(conversation, row), payload, originalHash: hashOfRow(conversation, row) };
}

/** The hash (32 bytes) of an entry as it stood in the log at first, whatever has been taken out of it since. */
export function hashOfRow(conversation: ConversationId, row: MessageRow): Uint8Array {
  if (isGone(row.kind)) return row.payload;
  if (isErased(row.kind)) return new Uint8Array(row.payload.subarray(0, hashBytes));
  return hashOfEntry(wholeRow(conversation, row));
}

const goneBy = (goneHash: Uint8Array) => ({ payload: new Uint8Array(0), goneHash });

function wholeRow(conversation: ConversationId, row: MessageRow): LogRow {
  const { sequence, generation, epoch, number, payload, acceptedAt } = row;
  return {
    conversation,
    sequence,
    kind: kindOf(row.kind),
    generation,
    epoch,
    sender: { user: row.user, device: idOf<DeviceId>(row.device) },
    id: idOf<MessageId>(row.id),
    number,
    payload,
    acceptedAt,
  };
}

/** The same as members take of it: `entryHash` in `identity/`. */
function hashOfEntry(entry: LogRow): Uint8Array {
  return new Uint8Array(createHash("sha256").update(logEntryBytes(entry)).digest());
}
