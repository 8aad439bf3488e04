/**
 * Receipts in a conversation of many: instead of each to each, one bell for all that came in a moment, and whoever hears it
 * reads them. Owns the gathering; what is lost with a node is found by the next comparison.
 */
import type { ConversationId } from "../protocol/ids.ts";
import type { Delivery } from "./ports/delivery.ts";
import type { Audience } from "./rosters.ts";

/** In conversations of so many users a receipt goes to each as it comes. */
const usersToldEach = 8;
const gatherMs = 250;

interface Bell {
  rooms: Audience["rooms"];
  head: number;
  version: number;
}

export class ReceiptBells {
  private readonly delivery: Delivery;
  private readonly gathering = new Map<ConversationId, Bell>();

  constructor(delivery: Delivery) {
    this.delivery = delivery;
  }

  /** Whether receipts of a conversation of these are gathered. */
  isFor({ users }: Audience): boolean {
    return users.length > usersToldEach;
  }

  /** A receipt of a message up to `sequence` is there, at this version. */
  ring(conversation: ConversationId, { rooms }: Audience, sequence: number, version: number): void {
    const bell = this.gathering.get(conversation);
    const head = Math.max(sequence, bell?.head ?? 0);
    this.gathering.set(conversation, { rooms, head, version: Math.max(version, bell?.version ?? 0) });
    if (!bell) setTimeout(() => this.sound(conversation), gatherMs).unref();
  }

  private sound(conversation: ConversationId): void {
    const bell = this.gathering.get(conversation);
    this.gathering.delete(conversation);
    if (!bell) return;
    const push = { conversation, head: bell.head, receiptVersion: bell.version };
    for (const room of bell.rooms) this.delivery.emit(room, "conversation:behind", push);
  }
}
