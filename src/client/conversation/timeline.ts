/** What this device holds of a conversation, as people read it: pages of history, what is unread, and what comes next. */
import { decodeContent, type Content } from "../../crypto/content.ts";
import type { UserId } from "../../protocol/ids.ts";
import { attachmentsOf } from "../attachments/attachment.ts";
import { withDeadline } from "../async/waiting.ts";
import type { ClientCore } from "../core.ts";
import { decodeRecord, entryKey, tables, type EntryRecord } from "../records.ts";
import type { ConversationState } from "./conversation-state.ts";
import { Message, type MessageState } from "./message.ts";
import type { HistoryReader } from "./history-reader.ts";
import type { OutgoingMessages } from "./outgoing-messages.ts";

export interface UnopenedMessage {
  sequence: number;
  sender: { user: UserId };
  reason: string;
}

export interface HistoryPage {
  messages: (Message | UnopenedMessage)[];
  /** Pass as `before` for the page before this one; undefined at the beginning. */
  before: number | undefined;
}

const rowsPerRead = 200;

export class Timeline {
  private readonly core: ClientCore;
  private readonly state: ConversationState;
  private readonly outgoing: OutgoingMessages;
  private readonly older: HistoryReader;
  /** Those who read live, and up to where they have read. */
  private readonly readers = new Set<{ after: number }>();

  constructor(core: ClientCore, state: ConversationState, outgoing: OutgoingMessages, older: HistoryReader) {
    this.core = core;
    this.state = state;
    this.outgoing = outgoing;
    this.older = older;
  }

  /**
   * The page that ends before a sequence, or with the newest; a page runs from old to new. What this device does not hold, because it
   * was added later or could not follow, comes from the node. Errors: those of the connection.
   */
  async history(before: number | undefined, limit: number): Promise<HistoryPage> {
    const found: (Message | UnopenedMessage)[] = [];
    let cursor = before;
    while (found.length < limit) {
      const rows = await this.entriesOrOlder(cursor, limit);
      if (rows.length === 0) return { messages: found.toReversed(), before: undefined };
      for (const row of rows) {
        cursor = row.sequence;
        if (this.isShown(row)) found.push(this.present(row));
        if (found.length === limit) break;
      }
    }
    return { messages: found.toReversed(), before: cursor };
  }

  /**
   * Messages of others and of one's other devices, after a sequence, oldest first; without those of users who are blocked.
   */
  async received(after: number, limit: number): Promise<Message[]> {
    const found: Message[] = [];
    for (let cursor = after; ;) {
      const rows = await this.entriesAfter(cursor);
      for (const entry of rows) {
        cursor = entry.sequence;
        if (this.isReceived(entry)) found.push(this.presentReceived(entry, decodeContent(entry.content!)));
        if (found.length === limit) return found;
      }
      if (rows.length < rowsPerRead) return found;
    }
  }

  /** Messages from now on, in order, at the reader's own pace: they are read from the store, so none is dropped. */
  async *live(
    arrival: (stop: AbortSignal) => Promise<boolean>,
    signal?: AbortSignal,
  ): AsyncGenerator<Message, void, void> {
    const reader = { after: this.state.record.position };
    this.readers.add(reader);
    try {
      yield* this.liveFrom(reader, arrival, signal);
    } finally {
      this.readers.delete(reader);
    }
  }

  /** The log goes another way after a sequence: what comes there is new. */
  rewoundTo(sequence: number): void {
    for (const reader of this.readers) reader.after = Math.min(reader.after, sequence);
  }

  private async *liveFrom(
    reader: { after: number },
    arrival: (stop: AbortSignal) => Promise<boolean>,
    signal?: AbortSignal,
  ): AsyncGenerator<Message, void, void> {
    for (;;) {
      const waiting = new AbortController();
      const arrived = withDeadline(arrival(waiting.signal), { signal }).catch(() => false);
      const rows = await this.entriesAfter(reader.after);
      try {
        for (const entry of rows) {
          if (signal?.aborted || this.core.closing.aborted) return;
          // What is passed by, because its sender is blocked, does not come later as if it were new.
          reader.after = entry.sequence;
          // The log had lost it, and has it again: nothing new.
          if (entry.returned || !this.isReceived(entry)) continue;
          yield this.presentReceived(entry, decodeContent(entry.content!));
        }
        if (rows.length === 0 && !(await arrived)) return;
      } finally {
        waiting.abort();
      }
    }
  }

  presentReceived(entry: EntryRecord, content: Content): Message {
    const { id, sender, sequence } = entry;
    const acceptedAt = new Date(entry.acceptedAt);
    const sentAt = content.kind === "text" ? new Date(content.sentAt) : acceptedAt;
    const isOwn = sender.user === this.core.own.user;
    const isRead = !isOwn && sequence <= this.state.record.readSequence;
    const state: MessageState = isOwn ? this.outgoing.stateAt(sequence) : isRead ? "read" : "delivered";
    const attachments = attachmentsOf(content, this.core.blobs);
    const facts = { id, sender, content, sentAt, acceptedAt, sequence, state, attachments };
    return new Message(facts, (message) => this.outgoing.receiptsOf(message));
  }

  private present(entry: EntryRecord): Message | UnopenedMessage {
    const { sequence, sender, content, reason } = entry;
    if (content === null) return { sequence, sender, reason: reason ?? "undecryptable" };
    const live = sender.device === this.core.own.device ? this.outgoing.live(entry.id) : undefined;
    return live ?? this.presentReceived(entry, decodeContent(content));
  }

  private isReceived({ kind, sender }: EntryRecord): boolean {
    if (kind !== "message" || sender.device === this.core.own.device) return false;
    return !this.core.blocks.has(sender.user) && !this.core.directory.isInDoubt(sender);
  }

  /**
   * What was said in a direct before the block stays to be read; in groups nothing of who is blocked is shown. What is said under a new
   * key in the place of one that a person had confirmed is not shown before they have said that it may be.
   */
  private isShown({ kind, sender }: EntryRecord): boolean {
    if (kind !== "message" && kind !== "unopened") return false;
    if (this.core.directory.isInDoubt(sender)) return false;
    return !this.state.isGroup || !this.core.blocks.has(sender.user);
  }

  /** Newest first: what is here up to a gap; at a gap what the node has of it; and where that is nothing, what is here below it. */
  private async entriesOrOlder(before: number | undefined, limit: number): Promise<EntryRecord[]> {
    const rows = await this.entriesBefore(before, limit);
    const next = (before ?? this.state.record.position + 1) - 1;
    const gap = rows.findIndex(({ sequence }, index) => sequence !== next - index);
    if (gap > 0) return rows.slice(0, gap);
    if (gap === -1 && rows.length > 0) return rows;
    const missing = next - (rows[0]?.sequence ?? 0);
    const older = await this.older.before(next + 1, Math.min(limit, missing));
    return older.length > 0 ? older : rows;
  }

  private async entriesAfter(after: number): Promise<EntryRecord[]> {
    const rows = await this.core.store.list(tables.entries, {
      prefix: `${this.state.id}/`,
      after: entryKey(this.state.id, after),
      limit: rowsPerRead,
    });
    return rows.map(({ bytes }) => decodeRecord<EntryRecord>(bytes));
  }

  private async entriesBefore(before: number | undefined, limit: number): Promise<EntryRecord[]> {
    const rows = await this.core.store.list(tables.entries, {
      prefix: `${this.state.id}/`,
      ...(before === undefined ? {} : { before: entryKey(this.state.id, before) }),
      limit,
      reverse: true,
    });
    return rows.map(({ bytes }) => decodeRecord<EntryRecord>(bytes));
  }
}
