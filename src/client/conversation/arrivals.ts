/**
 * What people are told of as it comes: messages, each once. Of who is in doubt only when a person has compared: which those are is in the
 * store, so that a later run tells of them.
 */
import type { Content } from "../../crypto/content.ts";
import { TaskQueue } from "../async/task-queue.ts";
import { inBackground, type ClientCore } from "../core.ts";
import { encodeRecord, entryKey, tables, type EntryRecord } from "../records.ts";
import { rowsOf } from "./changes/entry-rows.ts";
import type { MessageReader } from "./changes/message-reader.ts";
import type { ConversationState } from "./conversation-state.ts";
import { entryAt } from "./kept-entries.ts";
import type { Message } from "./message.ts";

export class Arrivals {
  private readonly core: ClientCore;
  private readonly state: ConversationState;
  private readonly reader: MessageReader;
  private readonly tell: (message: Message) => void;
  /** What was withheld is told before what has come since. */
  private readonly queue = new TaskQueue();
  private waiting = 0;

  constructor(core: ClientCore, state: ConversationState, reader: MessageReader, tell: (message: Message) => void) {
    this.core = core;
    this.state = state;
    this.reader = reader;
    this.tell = tell;
  }

  opened(entry: EntryRecord, content: Content): void {
    const { sender, sequence, withheld } = entry;
    if (this.core.blocks.has(sender.user)) return;
    if (withheld) return this.release();
    if (this.core.directory.isInDoubt(sender)) return this.inTurn(() => this.withhold(sequence));
    const message = this.reader.fresh(entry, content);
    if (this.waiting === 0) this.tell(message);
    else this.inTurn(async () => this.tell(message));
  }

  /** Tells of what was withheld, and is not to be any more: a person has compared, or has said that it may be shown. */
  release(): void {
    this.inTurn(async () => {
      const prefix = `${this.state.id}/`;
      for (const { id } of await this.core.store.list(tables.withheld, { prefix })) {
        const entry = await this.take(Number(id.slice(prefix.length)));
        if (entry) this.tell(await this.reader.show(entry));
      }
    });
  }

  /** Resolves when all is told that may be. */
  settled(): Promise<void> {
    return this.queue.idle();
  }

  private inTurn(work: () => Promise<void>): void {
    this.waiting += 1;
    const done = this.queue.run(work).finally(() => (this.waiting -= 1));
    inBackground(this.core, done, { conversation: this.state.id });
  }

  /** One that is to be told of now; from here on it counts as told. */
  private take(sequence: number): Promise<EntryRecord | undefined> {
    return this.state.queue.run(async () => {
      const found = await entryAt(this.core.store, this.state.id, sequence);
      if (found && this.core.directory.isInDoubt(found.sender)) return undefined;
      const id = entryKey(this.state.id, sequence);
      const { withheld: _told, ...entry } = found ?? {};
      await this.core.store.write([
        { table: tables.withheld, id, bytes: null },
        ...(found ? [{ table: tables.entries, id, bytes: encodeRecord(entry) }] : []),
      ]);
      return found?.kind === "message" && !this.core.blocks.has(found.sender.user) ? found : undefined;
    });
  }

  /** Its sender has come into doubt while it was taken in. */
  private withhold(sequence: number): Promise<void> {
    return this.state.queue.run(async () => {
      const entry = await entryAt(this.core.store, this.state.id, sequence);
      if (entry) await this.core.store.write(rowsOf(this.state.id, { ...entry, withheld: true }));
    });
  }
}
