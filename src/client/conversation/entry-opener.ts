/**
 * Opens one message of the log, or says why it cannot be: everything a message claims is held against the group, the
 * sender's chain and the envelope. Pure but for the group engine; the caller persists.
 */
import { decodeContent, isChange, type Content } from "../../crypto/content.ts";
import type { Group, GroupEngine, OpenedInGroup } from "../../crypto/group-engine.ts";
import type { HistoryKey } from "../../crypto/history-key.ts";
import { decodeMessagePayload } from "../../crypto/message-payload.ts";
import { openMessage, type OpenedMessage } from "../../crypto/sealed-message.ts";
import { equalBytes } from "../../protocol/equal-bytes.ts";
import type { HashedEntry } from "../../identity/log-hash.ts";
import { SottoError } from "../../protocol/errors.ts";
import { idToBytes, type ConversationId, type MessageId } from "../../protocol/ids.ts";
import { limits } from "../../protocol/limits.ts";
import type { UnopenedReason } from "../../protocol/receipts.ts";
import { signedBytes } from "../../protocol/signed-bytes.ts";
import type { ConversationRecord } from "../records.ts";

/** How an entry is kept that has this content. */
export const keptAs = (content: Content): "message" | "change" | "profile" | "history-keys" => {
  if (isChange(content)) return "change";
  return content.kind === "profile" || content.kind === "history-keys" ? content.kind : "message";
};

/** What the group authenticates beside the ciphertext: the envelope. */
export function envelopeBytes(envelope: {
  conversation: ConversationId;
  generation: number;
  epoch: number;
  id: MessageId;
  number: number;
}): Uint8Array {
  const { conversation, generation, epoch, id, number } = envelope;
  return signedBytes("envelope", idToBytes(conversation), generation, epoch, idToBytes(id), number);
}

export interface OpenedEntry {
  group: Group;
  message: OpenedMessage;
  content: Content;
  /** Messages of this sender between its last one and this are missing from the log. */
  skipped: boolean;
  readonly release: () => void;
}

/** The group has moved on although the message did not open: the key of that message is spent. */
export interface RefusedEntry {
  reason: UnopenedReason;
  group?: Group;
  readonly release?: () => void;
}

/** `historyKey`: of the entry's epoch, where history is kept. */
export async function openEntry(
  engine: GroupEngine,
  group: Group,
  record: Readonly<ConversationRecord>,
  entry: HashedEntry,
  historyKey?: HistoryKey,
): Promise<OpenedEntry | RefusedEntry> {
  if (entry.generation !== group.generation || entry.epoch > group.epoch) return { reason: "not-followed" };
  if (entry.epoch < Math.max(record.rosterEpoch, group.epoch - limits.pastEpochs)) return { reason: "stale-epoch" };
  const known = record.senders[entry.sender.device];
  if (known && entry.number <= known.number) return { reason: "replayed" };
  let opened: OpenedInGroup | undefined;
  try {
    const { ciphertext, body, wrap } = decodeMessagePayload(entry.payload);
    opened = await engine.open(group, ciphertext);
    const spent = { group: opened.group, release: opened.release };
    const { sender } = opened;
    if (sender.device !== entry.sender.device || sender.user !== entry.sender.user)
      return { reason: "wrong-sender", ...spent };
    if (opened.epoch !== entry.epoch || !equalBytes(opened.authenticatedData, envelopeBytes(entry))) {
      return { reason: "undecryptable", ...spent };
    }
    const place = { conversation: entry.conversation, id: entry.id, sender: sender.device, number: entry.number };
    const message = openMessage(place, { plaintext: opened.plaintext, body, wrap }, historyKey);
    const skipped = known !== undefined && entry.number !== known.number + 1;
    // Of one that has gone before it was read here nobody knows what it said.
    const isChained = known !== undefined && !skipped && known.contentHash.length > 0;
    if (isChained && !equalBytes(known.contentHash, message.previousContentHash)) {
      return { reason: "replayed", ...spent };
    }
    return { ...spent, message, content: decodeContent(message.content), skipped };
  } catch (error) {
    if (!(error instanceof SottoError)) throw error;
    return { reason: "undecryptable", ...(opened && { group: opened.group, release: opened.release }) };
  }
}
