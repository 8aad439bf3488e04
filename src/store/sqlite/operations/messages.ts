import type { AcceptMessage, MessageOutcome } from "../../../actors/ports/store-log.ts";
import type { ConversationId } from "../../../protocol/ids.ts";
import { acceptanceOf, acceptedAtOf, type SendingGround } from "../../acceptance.ts";
import { blobOf, sameBytes } from "../../blobs.ts";
import type { StoreContext } from "../store-context.ts";
import { isBlockedThere } from "./blocks.ts";
import { markDue, type DueState } from "./due.ts";

/** How far back a repeated number is looked for; beyond, it counts as the one that was accepted. */
const repeatScanEntries = 1000;

interface Ground extends DueState, SendingGround {
  lastAcceptedAt: number;
  lastSequence: number;
}

interface Attempt {
  conversation: Uint8Array;
  device: Uint8Array;
  id: Uint8Array;
  message: AcceptMessage;
}

/** See `LogStore.acceptMessages`. Two statements for each message, whatever the number of members. */
export function acceptMessages(
  context: StoreContext,
  conversation: ConversationId,
  messages: readonly AcceptMessage[],
): MessageOutcome[] {
  const blob = blobOf(conversation);
  return messages.map((message) => {
    const { sender, id } = message;
    return acceptMessage(context, { conversation: blob, device: blobOf(sender.device), id: blobOf(id), message });
  });
}

function acceptMessage(context: StoreContext, attempt: Attempt): MessageOutcome {
  const { conversation, device, id, message } = attempt;
  const ground = findGround(context, conversation, device);
  if (ground === undefined) return { status: "conversation-unknown" };
  const acceptance = acceptanceOf(message, id, ground);
  if (acceptance === "repeat") return repeatOutcome(context, attempt, ground);
  if (acceptance !== "next") return acceptance;
  const acceptedAt = acceptedAtOf(context.now, ground.lastAcceptedAt, message.acceptedAt);
  const sequence = ground.head + 1;
  // The head and the sender's last number move with it: see the trigger in the schema.
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
  if (message.disappears) {
    const sql = "INSERT INTO disappearing (conversation, sequence, accepted_at) VALUES (?, ?, ?)";
    context.db.run(sql, conversation, sequence, acceptedAt);
  }
  markDue(context, conversation, acceptedAt, ground);
  return { status: "accepted", sequence, acceptedAt };
}

function findGround({ db }: StoreContext, conversation: Uint8Array, device: Uint8Array): Ground | undefined {
  return db.get<Ground>(
    `SELECT c.generation, c.epoch, c.roster_epoch AS rosterEpoch, c.head, c.last_accepted_at AS lastAcceptedAt,
       cd.user, cd.left_sequence AS leftSequence, cd.last_number AS lastNumber, cd.last_id AS lastId,
       cd.last_sequence AS lastSequence, d.revoked_at AS revokedAt, due.attempt AS dueAttempt, due.since AS dueSince,
       ${isBlockedThere} AS isBlocked
     FROM conversations c
       LEFT JOIN conversation_devices cd ON cd.conversation = c.conversation AND cd.device = ?
       LEFT JOIN devices d ON d.device = cd.device
       LEFT JOIN due ON due.conversation = c.conversation
     WHERE c.conversation = ?`,
    device,
    conversation,
  );
}

/** A number accepted before: the same message again, unless the row in the log says otherwise. */
function repeatOutcome({ db }: StoreContext, attempt: Attempt, ground: Ground): MessageOutcome {
  const { conversation, device, id, message } = attempt;
  const same = { status: "already-accepted" } as const;
  const other = { status: "message-conflict" } as const;
  const isLast = message.number === ground.lastNumber;
  if (isLast && !sameBytes(id, ground.lastId)) return other;
  const row = db.get<{ id: Uint8Array; payload: Uint8Array }>(
    `SELECT id, payload FROM messages
     WHERE conversation = ? AND sequence <= ? AND sequence > ? AND sender_device = ? AND number = ? AND kind = 0
     ORDER BY sequence DESC LIMIT 1`,
    conversation,
    ground.lastSequence,
    ground.lastSequence - (isLast ? 1 : repeatScanEntries),
    device,
    message.number,
  );
  if (row === undefined) return same;
  return sameBytes(row.id, id) && sameBytes(row.payload, message.payload) ? same : other;
}
