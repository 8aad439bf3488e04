/** From the store's rows to what stands on the wire. Bytes become base64 here and nowhere else on the way out. */
import { fromBase64, toBase64 } from "../protocol/base64.ts";
import type { DeviceId } from "../protocol/ids.ts";
import type { LogEntry } from "../protocol/log-entry.ts";
import type { Ack, Receipt } from "../protocol/receipts.ts";
import type { ConversationSummary, InboxEntry } from "../protocol/requests.ts";
import type { DeviceConversation } from "./ports/store-conversations.ts";
import type { InboxRow } from "./ports/store-devices.ts";
import type { AckRow, LogRow, ReceiptRow } from "./ports/store-log.ts";
import type { ReadMarkRow } from "./ports/store-reading.ts";

export function toWireEntry(row: LogRow): LogEntry {
  const { conversation, sequence, kind, generation, epoch, sender, id, number, acceptedAt } = row;
  const { user, device } = sender;
  const payload = toBase64(row.payload);
  const gone = row.goneHash === undefined ? {} : { goneHash: toBase64(row.goneHash) };
  const original = row.originalHash === undefined ? {} : { originalHash: toBase64(row.originalHash) };
  const about = { conversation, sequence, kind, generation, epoch, sender: { user, device }, id, number };
  return { ...about, payload, acceptedAt, ...gone, ...original };
}

export function toWireReceipt(row: ReceiptRow): Receipt {
  const { conversation, user, at, version } = row;
  if (row.kind === "expired") return { kind: "expired", conversation, user, at, version, sequence: row.sequence };
  if (row.kind === "read") return toWireRead({ ...row, audience: "all" }, { at, version });
  return { kind: "delivered", conversation, user, at, version, device: row.device, ack: toWireAck(row) };
}

/** `version`: 0 where others are not told. */
export function toWireRead(row: ReadMarkRow, { at, version }: { at: number; version: number }): Receipt {
  const { conversation, user, device, audience } = row;
  return { kind: "read", conversation, user, device, at, version, mark: { ...toWireAck(row), audience } };
}

export function toWireAck(row: Omit<AckRow, "user" | "device">): Ack {
  const { conversation, sequence, unopened } = row;
  return {
    conversation,
    sequence,
    logHash: toBase64(row.logHash),
    unopened: unopened.map(([from, to]) => [from, to]),
    signature: toBase64(row.signature),
  };
}

export function fromWireAck(ack: Ack): Omit<AckRow, "user" | "device"> {
  const { conversation, sequence, unopened } = ack;
  return {
    conversation,
    sequence,
    unopened,
    logHash: fromBase64(ack.logHash),
    signature: fromBase64(ack.signature),
  };
}

export function toWireInboxEntry(row: InboxRow): InboxEntry {
  const { position, conversation, generation, at } = row;
  if (row.kind === "welcome") {
    const { sequence } = row;
    return { kind: "welcome", position, conversation, generation, at, sequence, welcome: toBase64(row.welcome) };
  }
  const { user, device, epoch } = row;
  const keyPackage = toBase64(row.keyPackage);
  const signature = toBase64(row.signature);
  return { kind: "readd", position, conversation, generation, at, user, device, epoch, keyPackage, signature };
}

export function toWireSummary(view: DeviceConversation): ConversationSummary {
  const { conversation, kind, users, generation, epoch, head, floor, position } = view;
  const { joinedSequence, leftSequence, lastNumber, lastId, receiptVersion, readSequence } = view;
  const leaves: (DeviceId | null)[] = [...view.leaves];
  const lists = view.lists.map(({ user, version }) => ({ user, version }));
  return {
    conversation,
    kind,
    users: [...users],
    generation,
    epoch,
    head,
    floor,
    joinedSequence,
    leftSequence,
    position,
    lastNumber,
    lastId,
    receiptVersion,
    readSequence,
    lists,
    leaves,
  };
}
