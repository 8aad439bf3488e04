/**
 * What a person has begun to write in each conversation, and not sent: kept in this device's store, sealed like everything there, and told to
 * nobody. It is written as it is typed: of texts that follow each other faster than the store takes them, the last one is stored.
 */
import { SottoError } from "../protocol/errors.ts";
import type { ConversationId } from "../protocol/ids.ts";
import { FreshRun } from "./async/fresh-run.ts";
import { decodeRecord, encodeRecord, tables, type DraftRecord } from "./records.ts";
import type { OpenClientStore, RecordChange } from "./stores/client-store.ts";

/** In UTF-16 code units; no text that can be sent is longer. */
const maxLength = 128 * 1024;

export class Drafts {
  private readonly store: OpenClientStore;
  private readonly texts = new Map<ConversationId, string>();
  /** Changed since it was stored. */
  private readonly due = new Set<ConversationId>();
  private readonly writing = new FreshRun<void>();
  private lastWritten: Promise<void> = Promise.resolve();

  constructor(store: OpenClientStore) {
    this.store = store;
  }

  /** Takes up what the store holds. */
  async load(): Promise<void> {
    for (const { id, bytes } of await this.store.list(tables.drafts)) {
      this.texts.set(id as ConversationId, decodeRecord<DraftRecord>(bytes).text);
    }
  }

  /** Empty where there is none. */
  of(conversation: ConversationId): string {
    return this.texts.get(conversation) ?? "";
  }

  /** Resolves when it is stored. Errors: `invalid-argument`, those of the store. */
  async set(conversation: ConversationId, text: string): Promise<void> {
    if (typeof text !== "string" || text.length > maxLength) {
      throw new SottoError("invalid-argument", { detail: `A draft is a text of at most ${maxLength} code units.` });
    }
    if (text === this.of(conversation) && !this.due.has(conversation)) return this.lastWritten;
    if (text === "") this.texts.delete(conversation);
    else this.texts.set(conversation, text);
    this.due.add(conversation);
    this.lastWritten = this.writing.run(() => this.write());
    return this.lastWritten;
  }

  /** Resolves when what was set so far is stored, or has failed to be. */
  settled(): Promise<void> {
    return this.lastWritten.catch(() => undefined);
  }

  private async write(): Promise<void> {
    const due = [...this.due];
    this.due.clear();
    try {
      await this.store.write(due.map((id) => this.change(id)));
    } catch (error) {
      for (const id of due) this.due.add(id);
      throw error;
    }
  }

  private change(id: ConversationId): RecordChange {
    const text = this.texts.get(id);
    const bytes = text === undefined ? null : encodeRecord({ text } satisfies DraftRecord);
    return { table: tables.drafts, id, bytes };
  }
}
