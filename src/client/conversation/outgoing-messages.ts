/** This device's messages that have not come to rest: what the outbox and the receipts say becomes their state. */
import { decodeContent, type Content } from "../../crypto/content.ts";
import type { MessageId } from "../../protocol/ids.ts";
import type { ClientCore } from "../core.ts";
import type { OutboxRecord, ReceiptRecord } from "../records.ts";
import { attachmentsOf } from "../attachments/attachment.ts";
import type { SottoError } from "../../protocol/errors.ts";
import { Message } from "./message.ts";
import type { Recipients } from "./recipients.ts";
import type { OutgoingListener } from "./outbox-items.ts";
import type { ReceiptBook, RecipientReceipt } from "./receipt-book.ts";
import type { LiveMessages } from "./changes/live-messages.ts";
import { viewOf } from "./changes/message-view.ts";

export interface OutgoingParts {
  held: LiveMessages;
  /** Hears of messages that will not be sent. */
  failed(message: Message, error: SottoError | undefined): void;
}

/** Delivered messages whose objects still hear when they are read. `history()` knows of older ones. */
const unreadKept = 200;

export class OutgoingMessages {
  private readonly core: ClientCore;
  private readonly recipients: Recipients;
  private readonly book: ReceiptBook;
  private readonly parts: OutgoingParts;
  private readonly unsettled = new Map<MessageId, Message>();
  /** Of them, those that all have and not all have read; oldest first. */
  private readonly unread = new Set<MessageId>();

  constructor(core: ClientCore, recipients: Recipients, book: ReceiptBook, parts: OutgoingParts) {
    this.core = core;
    this.recipients = recipients;
    this.book = book;
    this.parts = parts;
  }

  /** Those that the node has not accepted, oldest first. */
  unsent(): Message[] {
    return [...this.unsettled.values()].filter((message) => message.acceptedAt === undefined);
  }

  track(id: MessageId, content: Content, sentAt: Date): Message {
    const sender = { user: this.core.own.user, device: this.core.own.device };
    const attachments = attachmentsOf(content, this.core.blobs);
    const facts = { id, sender, view: viewOf(content), sentAt, state: "queued" as const, attachments };
    const message = new Message(facts, (one) => this.receiptsOf(one));
    this.unsettled.set(id, message);
    return this.parts.held.add(message);
  }

  /** A message that an earlier run of this client left in the outbox. */
  trackStored(record: OutboxRecord): Message {
    return this.track(record.id, decodeContent(record.content), new Date(record.sentAt));
  }

  listenerFor(message: Message): OutgoingListener {
    return {
      moved: (state, details = {}) => {
        const { sequence, acceptedAt, error } = details;
        message.update({
          state,
          ...(sequence === undefined ? {} : { sequence }),
          ...(acceptedAt === undefined ? {} : { acceptedAt: new Date(acceptedAt) }),
          ...(error === undefined ? {} : { error }),
        });
        if (state === "failed") this.parts.failed(message, error);
        if (state === "accepted" && sequence !== undefined) this.settle(message, sequence);
        else if (state === "accepted" || state === "failed") this.unsettled.delete(message.id);
      },
    };
  }

  /** A receipt has been recorded: whatever it speaks of moves on. */
  showReceipt(receipt: ReceiptRecord): void {
    for (const message of this.unsettled.values()) {
      const { sequence } = message;
      if (sequence === undefined || sequence > receipt.sequence) continue;
      // All have it: the same from another device is nothing new.
      if (message.state === "delivered" && receipt.kind !== "read") continue;
      if (!this.recipients.of(sequence).includes(receipt.user)) continue;
      message.noteReceipt(this.book.lookUp(sequence, receipt.user));
      this.settle(message, sequence);
    }
  }

  /** Somebody has come or gone: who is gone holds no message back any more. */
  reconsider(): void {
    for (const message of this.unsettled.values()) {
      if (message.sequence !== undefined) this.settle(message, message.sequence);
    }
  }

  async receiptsOf(message: Message): Promise<RecipientReceipt[]> {
    const { sender, sequence } = message;
    if (sender.user !== this.core.own.user) return [];
    const users = this.recipients.of(sequence);
    return users.map((user) => (sequence === undefined ? { user } : this.book.lookUp(sequence, user)));
  }

  /** How far an accepted message of one's own got: who is gone without it, or ran out of time, holds it back no more. */
  stateAt(sequence: number): "accepted" | "delivered" | "read" | "expired" {
    const receipts = this.recipients.of(sequence).map((user) => this.book.lookUp(sequence, user));
    const awaited = receipts.filter(({ user, deliveredAt }) => deliveredAt ?? this.recipients.isIn(user, sequence));
    const open = awaited.filter(({ deliveredAt, expiredAt }) => !deliveredAt && !expiredAt);
    if (open.length > 0 || awaited.length === 0) return "accepted";
    const delivered = awaited.filter(({ deliveredAt }) => deliveredAt);
    if (delivered.length === 0) return "expired";
    // Who is gone cannot read it any more.
    const readers = delivered.filter(({ user, readAt }) => readAt ?? this.recipients.isIn(user, sequence));
    return readers.length > 0 && readers.every(({ readAt }) => readAt) ? "read" : "delivered";
  }

  private settle(message: Message, sequence: number): void {
    const state = this.stateAt(sequence);
    message.update({ state });
    if (state === "read") {
      this.unsettled.delete(message.id);
      this.unread.delete(message.id);
    } else if (state === "delivered") this.keepUnread(message);
  }

  /** Not everybody lets others know what they have read: of those that wait for it, the latest are kept. */
  private keepUnread(message: Message): void {
    this.unread.delete(message.id);
    this.unread.add(message.id);
    for (const id of this.unread) {
      if (this.unread.size <= unreadKept) return;
      this.unread.delete(id);
      this.unsettled.delete(id);
    }
  }
}
