import type { ConversationId, DeviceId, MessageId, UserId } from "../../protocol/ids.ts";

export interface AcceptMessage {
  conversation: ConversationId;
  generation: number;
  epoch: number;
  sender: { user: UserId; device: DeviceId };
  id: MessageId;
  number: number;
  payload: Uint8Array;
  /** It goes as soon as every device has it, or its time to be delivered is over; nobody is to read it later. */
  disappears?: boolean;
  /** How much of the log the sender has. */
  seen?: number;
  /** When it was accepted before; for an entry that is put back. */
  acceptedAt?: number;
}

/**
 * Decided under the conversation's lock, in this order: the sender's number (at or below the last: `already-accepted`, or
 * `message-conflict` where the row still there has another id or payload, or the next number brings an id that is not
 * greater than the last), membership, a log that is not shorter than `seen`, number in order, no block by the other user of a direct
 * conversation (not asked of what is put back), generation and epoch
 * (epoch ≥ max(roster epoch, current − `limits.pastEpochs`), never beyond the current).
 */
export type MessageOutcome =
  | { status: "accepted"; sequence: number; acceptedAt: number }
  | { status: "already-accepted" }
  | { status: "message-conflict" }
  | { status: "diverged" }
  | { status: "out-of-order" }
  | { status: "not-accepted" }
  | { status: "stale-epoch" }
  | { status: "not-a-member" }
  | { status: "device-revoked" }
  | { status: "conversation-unknown" };

export interface LogRow {
  conversation: ConversationId;
  sequence: number;
  kind: "message" | "commit" | "leave";
  generation: number;
  epoch: number;
  sender: { user: UserId; device: DeviceId };
  id: MessageId;
  number: number;
  /** Empty where the message has gone. */
  payload: Uint8Array;
  acceptedAt: number;
  /** Of a message that has gone, or is past the retention of its conversation, and of a commit that named somebody who was erased: the hash of its entry, 32 bytes. */
  goneHash?: Uint8Array;
  /** Of what somebody sent who was erased: the hash of the entry as it was, under the name, 32 bytes. */
  originalHash?: Uint8Array;
}

export interface AckRow {
  conversation: ConversationId;
  user: UserId;
  device: DeviceId;
  sequence: number;
  logHash: Uint8Array;
  unopened: [number, number][];
  signature: Uint8Array;
}

export type AckOutcome =
  /**
   * `receipt` when the senders have something new to hear: the user's delivered position moved past entries of others; the
   * ack covers such entries that lie before the join of the device that is ahead; or a repair shortened `unopened`. Never in a
   * direct conversation with somebody whom the user has blocked.
   */
  | { status: "advanced"; receipt: { at: number; version: number } | null }
  /** At or below the position already, with nothing new. */
  | { status: "unchanged" }
  /** Outside [joined, min(head, left)], that is beyond it: what lies before the join is at or below the position. */
  | { status: "outside" }
  | { status: "not-a-member" }
  | { status: "device-revoked" };

export type ReceiptRow = { conversation: ConversationId; user: UserId; at: number; version: number } & (
  | {
      kind: "delivered";
      device: DeviceId;
      sequence: number;
      logHash: Uint8Array;
      unopened: [number, number][];
      signature: Uint8Array;
    }
  | {
      kind: "read";
      device: DeviceId;
      sequence: number;
      logHash: Uint8Array;
      unopened: [number, number][];
      signature: Uint8Array;
    }
  | { kind: "expired"; sequence: number }
);

export interface LogStore {
  /**
   * Accepts messages of one conversation, in this order, each on its own merits; the outcomes stand in the same order.
   * Many calls at once share one commit. The cost does not depend on the number of members.
   */
  acceptMessages(conversation: ConversationId, messages: readonly AcceptMessage[]): Promise<MessageOutcome[]>;
  /**
   * The log after a sequence, as far as this device may read it: [joined, left], both included, and above the floor. A message that has
   * gone, or that the shorter retention of its conversation has passed, comes without its payload: the log has no gap by it.
   * Ends early when payloads pass `maxBytes` (one entry is always returned). `after` is 0 for the beginning.
   */
  readLog(read: {
    conversation: ConversationId;
    device: DeviceId;
    after: number;
    limit: number;
    maxBytes: number;
  }): Promise<{ entries: LogRow[]; head: number; floor: number } | "not-a-member">;
  /** One entry, undefined when gone or not readable by this device. For the hash at a position. */
  findEntry(conversation: ConversationId, device: DeviceId, sequence: number): Promise<LogRow | undefined>;
  /** Advances device positions; many share one commit. Outcomes in the order of the acks. */
  advancePositions(acks: readonly AckRow[]): Promise<AckOutcome[]>;
  /**
   * Receipts with a version above `after`, in order of version. Several of one device in a short time are one row, the
   * latest, but never across a commit.
   */
  readReceipts(
    conversation: ConversationId,
    after: number,
    limit: number,
  ): Promise<{ receipts: ReceiptRow[]; version: number; more: boolean }>;
}
