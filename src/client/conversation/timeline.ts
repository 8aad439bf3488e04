/** What comes to this device in a conversation, as people read it: what is unread, and what comes next. Pages are `HistoryPages`. */
import { withDeadline } from "../async/waiting.ts";
import { unlessPassing, type ClientCore } from "../core.ts";
import { type EntryRecord } from "../records.ts";
import type { MessageReader } from "./changes/message-reader.ts";
import type { ConversationState } from "./conversation-state.ts";
import { entriesBetween } from "./kept-entries.ts";
import type { HeldLog } from "./held-log.ts";
import type { LocalRetention } from "./local-retention.ts";
import type { Message } from "./message.ts";

const rowsPerRead = 200;

export class Timeline {
  private readonly core: ClientCore;
  private readonly state: ConversationState;
  private readonly reader: MessageReader;
  private readonly held: HeldLog;
  private readonly retention: LocalRetention;
  /** Those who read live, and up to where they have read. */
  private readonly readers = new Set<{ after: number }>();

  constructor(
    core: ClientCore,
    state: ConversationState,
    parts: { reader: MessageReader; held: HeldLog; retention: LocalRetention },
  ) {
    this.core = core;
    this.state = state;
    this.reader = parts.reader;
    this.held = parts.held;
    this.retention = parts.retention;
  }

  /**
   * Messages of others and of one's other devices, after a sequence, oldest first; without those of users who are blocked.
   */
  async received(after: number, limit: number): Promise<Message[]> {
    const found: EntryRecord[] = [];
    for (let cursor = after; found.length < limit;) {
      const rows = await this.entriesAfter(cursor);
      found.push(...rows.filter((entry) => this.isReceived(entry)));
      if (rows.length < rowsPerRead) break;
      cursor = rows.at(-1)!.sequence;
    }
    // This device may have been away, and let in again: what it missed may speak of these.
    if (found[0]) await this.held.complete(found[0].sequence + 1).catch(unlessPassing);
    const messages: Message[] = [];
    for (const entry of found.slice(0, limit)) messages.push(await this.reader.show(entry));
    return messages;
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
    this.reader.refreshAll();
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
          yield await this.reader.show(entry);
        }
        if (rows.length === 0 && !(await arrived)) return;
      } finally {
        waiting.abort();
      }
    }
  }

  private isReceived(entry: EntryRecord): boolean {
    const { kind, sender } = entry;
    if (kind !== "message" || this.retention.isPast(entry) || sender.device === this.core.own.device) return false;
    return !this.core.blocks.has(sender.user) && !this.core.directory.isInDoubt(sender);
  }

  private async entriesAfter(after: number): Promise<EntryRecord[]> {
    return entriesBetween(this.core.store, this.state.id, { after, limit: rowsPerRead });
  }
}
