/**
 * Changes of this device's that the log does not have yet: they are shown here as if they stood at its end. Each is there as long as it
 * waits in the outbox: when it comes down in the log, or fails for good, it goes.
 */
import type { ChangeContent } from "../../../crypto/content.ts";
import type { MessageId } from "../../../protocol/ids.ts";
import type { ClientCore } from "../../core.ts";
import type { OutgoingListener } from "../outbox-items.ts";
import type { Sender } from "./outcome.ts";

export interface PendingChange {
  id: MessageId;
  kind: ChangeContent["kind"];
  sender: Sender;
  sentAt: number;
  content: ChangeContent;
  emoji?: string;
  isRemoved?: true;
}

export interface PendingParts {
  isWaiting(id: MessageId): boolean;
  /** What is to be seen of a message may be another now. */
  refresh(target: MessageId): void;
}

export class PendingChanges {
  private readonly core: ClientCore;
  private readonly parts: PendingParts;
  /** In the order in which they were made. */
  private readonly changes = new Map<MessageId, PendingChange>();

  constructor(core: ClientCore, parts: PendingParts) {
    this.core = core;
    this.parts = parts;
  }

  /** Takes a change in; the listener goes with it to the outbox. */
  add(id: MessageId, content: ChangeContent): OutgoingListener {
    const { user, device } = this.core.own;
    const { kind, sentAt } = content;
    const reaction =
      content.kind === "reaction"
        ? { emoji: content.emoji, ...(content.isRemoved && { isRemoved: true as const }) }
        : {};
    this.changes.set(id, { id, kind, sender: { user, device }, sentAt, content, ...reaction });
    return { moved: () => this.settle(id) };
  }

  of(target: MessageId): PendingChange[] {
    return [...this.changes.values()].filter(({ content }) => content.target === target);
  }

  /** It may wait no more. */
  settle(id: MessageId): void {
    const change = this.changes.get(id);
    if (!change || this.parts.isWaiting(id)) return;
    this.changes.delete(id);
    this.parts.refresh(change.content.target);
  }
}
