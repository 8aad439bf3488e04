/** This device's messages that have not come to rest: what the outbox and the receipts say becomes their state. */
import { decodeContent, type Content } from "../../crypto/content.ts";
import type { MessageId, UserId } from "../../protocol/ids.ts";
import type { ClientCore } from "../core.ts";
import type { OutboxRecord, ReceiptRecord } from "../records.ts";
import { Message } from "./message.ts";
import type { OutgoingListener } from "./outbox-items.ts";
import type { ReceiptBook, RecipientReceipt } from "./receipt-book.ts";

export class OutgoingMessages {
  private readonly core: ClientCore;
  private readonly peer: UserId;
  private readonly book: ReceiptBook;
  private readonly unsettled = new Map<MessageId, Message>();

  constructor(core: ClientCore, peer: UserId, book: ReceiptBook) {
    this.core = core;
    this.peer = peer;
    this.book = book;
  }

  live(id: MessageId): Message | undefined {
    return this.unsettled.get(id);
  }

  /** Those that the node has not accepted, oldest first. */
  unsent(): Message[] {
    return [...this.unsettled.values()].filter((message) => message.acceptedAt === undefined);
  }

  track(id: MessageId, content: Content, sentAt: Date): Message {
    const sender = { user: this.core.own.user, device: this.core.own.device };
    const message = new Message({ id, sender, content, sentAt, state: "queued" }, (one) => this.receiptsOf(one));
    this.unsettled.set(id, message);
    return message;
  }

  /** A message that an earlier run of this client left in the outbox. */
  trackStored(record: OutboxRecord): OutgoingListener {
    return this.listenerFor(this.track(record.id, decodeContent(record.content), new Date(record.sentAt)));
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
      message.noteReceipt(this.book.lookUp(sequence, receipt.user));
      this.settle(message, sequence);
    }
  }

  async receiptsOf(message: Message): Promise<RecipientReceipt[]> {
    if (message.sender.user !== this.core.own.user) return [];
    return [message.sequence === undefined ? { user: this.peer } : this.book.lookUp(message.sequence, this.peer)];
  }

  /** How far an accepted message of one's own got. */
  stateAt(sequence: number): "accepted" | "delivered" | "expired" {
    const receipt = this.book.lookUp(sequence, this.peer);
    if (receipt.deliveredAt) return "delivered";
    return receipt.expiredAt ? "expired" : "accepted";
  }

  private settle(message: Message, sequence: number): void {
    const state = this.stateAt(sequence);
    message.update({ state });
    if (state === "delivered") this.unsettled.delete(message.id);
  }
}
