import type { AcceptMessage, MessageOutcome } from "../../../actors/ports/store-log.ts";
import type { ConversationId } from "../../../protocol/ids.ts";
import { limits } from "../../../protocol/limits.ts";
import { blobOf, sameBytes } from "../blobs.ts";
import type { StoreContext } from "../store-context.ts";
import { markDue, type DueState } from "./due.ts";

/** How far back a repeated number is looked for; beyond, it counts as the one that was accepted. */
const repeatScanEntries = 1000;

interface LogHead extends DueState {
  generation: number;
  epoch: number;
  rosterEpoch: number;
  head: number;
  lastAcceptedAt: number;
}

interface Sender {
  user: string;
  leftSequence: number | null;
  lastNumber: number;
  lastId: Uint8Array | null;
  lastSequence: number;
  revokedAt: number | null;
}

/** See `LogStore.acceptMessages`. One row per message, one per sender, one for the conversation, whatever its members. */
export function acceptMessages(
  context: StoreContext,
  conversation: ConversationId,
  messages: readonly AcceptMessage[],
): MessageOutcome[] {
  const { db } = context;
  const blob = blobOf(conversation);
  const log = db.get<LogHead>(
    `SELECT c.generation, c.epoch, c.roster_epoch AS rosterEpoch, c.head, c.last_accepted_at AS lastAcceptedAt,
       due.attempt AS dueAttempt, due.since AS dueSince
     FROM conversations c LEFT JOIN due ON due.conversation = c.conversation WHERE c.conversation = ?`,
    blob,
  );
  if (log === undefined) return messages.map(() => ({ status: "conversation-unknown" }));
  const headBefore = log.head;
  const outcomes = messages.map((message) => acceptMessage(context, blob, log, message));
  if (log.head > headBefore) {
    db.run(
      `UPDATE conversations SET head = ?, last_accepted_at = ?, oldest_at = coalesce(oldest_at, ?)
       WHERE conversation = ?`,
      log.head,
      log.lastAcceptedAt,
      log.lastAcceptedAt,
      blob,
    );
    markDue(context, blob, log.lastAcceptedAt, log);
  }
  return outcomes;
}

function acceptMessage(
  context: StoreContext,
  conversation: Uint8Array,
  log: LogHead,
  message: AcceptMessage,
): MessageOutcome {
  const device = blobOf(message.sender.device);
  const id = blobOf(message.id);
  const sender = findSender(context, conversation, device);
  const refusal = refusalOf(context, { conversation, device, id, log, message, sender });
  if (refusal !== undefined) return refusal;
  const acceptedAt = Math.max(context.now, log.lastAcceptedAt);
  const sequence = log.head + 1;
  context.db.run(
    `INSERT INTO messages (conversation, sequence, kind, generation, epoch, sender_user, sender_device, id, number,
       accepted_at, payload) VALUES (?, ?, 0, ?, ?, ?, ?, ?, ?, ?, ?)`,
    conversation,
    sequence,
    message.generation,
    message.epoch,
    message.sender.user,
    device,
    id,
    message.number,
    acceptedAt,
    message.payload,
  );
  context.db.run(
    `UPDATE conversation_devices SET last_number = ?, last_id = ?, last_sequence = ?
     WHERE conversation = ? AND device = ?`,
    message.number,
    id,
    sequence,
    conversation,
    device,
  );
  log.head = sequence;
  log.lastAcceptedAt = acceptedAt;
  return { status: "accepted", sequence, acceptedAt };
}

function findSender({ db }: StoreContext, conversation: Uint8Array, device: Uint8Array): Sender | undefined {
  return db.get<Sender>(
    `SELECT cd.user, cd.left_sequence AS leftSequence, cd.last_number AS lastNumber, cd.last_id AS lastId,
       cd.last_sequence AS lastSequence, d.revoked_at AS revokedAt
     FROM conversation_devices cd JOIN devices d ON d.device = cd.device
     WHERE cd.conversation = ? AND cd.device = ?`,
    conversation,
    device,
  );
}

interface Attempt {
  conversation: Uint8Array;
  device: Uint8Array;
  id: Uint8Array;
  log: LogHead;
  message: AcceptMessage;
  sender: Sender | undefined;
}

/** In the order that `MessageOutcome` documents. */
function refusalOf(context: StoreContext, attempt: Attempt): MessageOutcome | undefined {
  const { id, log, message, sender } = attempt;
  if (sender === undefined || sender.user !== message.sender.user) return { status: "not-a-member" };
  if (message.number <= sender.lastNumber) return repeatOutcome(context, attempt, sender);
  const inOrder = message.number === sender.lastNumber + 1;
  if (inOrder && sender.lastId !== null && Buffer.compare(id, sender.lastId) <= 0)
    return { status: "message-conflict" };
  if (sender.revokedAt !== null) return { status: "device-revoked" };
  if (sender.leftSequence !== null) return { status: "not-a-member" };
  if (!inOrder) return { status: "out-of-order" };
  const oldestEpoch = Math.max(log.rosterEpoch, log.epoch - limits.pastEpochs);
  const current = message.generation === log.generation && message.epoch >= oldestEpoch && message.epoch <= log.epoch;
  return current ? undefined : { status: "stale-epoch" };
}

/** A number accepted before: the same message again, unless the row in the log says otherwise. */
function repeatOutcome({ db }: StoreContext, attempt: Attempt, sender: Sender): MessageOutcome {
  const { conversation, device, id, message } = attempt;
  const same = { status: "already-accepted" } as const;
  const other = { status: "message-conflict" } as const;
  const isLast = message.number === sender.lastNumber;
  if (isLast && !sameBytes(id, sender.lastId)) return other;
  const row = db.get<{ id: Uint8Array; payload: Uint8Array }>(
    `SELECT id, payload FROM messages
     WHERE conversation = ? AND sequence <= ? AND sequence > ? AND sender_device = ? AND number = ? AND kind = 0
     ORDER BY sequence DESC LIMIT 1`,
    conversation,
    sender.lastSequence,
    sender.lastSequence - (isLast ? 1 : repeatScanEntries),
    device,
    message.number,
  );
  if (row === undefined) return same;
  return sameBytes(row.id, id) && sameBytes(row.payload, message.payload) ? same : other;
}
