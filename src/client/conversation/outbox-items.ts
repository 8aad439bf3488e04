/** The messages of an outbox, in memory and in the store alike: whatever changes is written before it counts. */
import { decodeContent, isChange } from "../../crypto/content.ts";
import { hasPayload, type HashedEntry } from "../../identity/log-hash.ts";
import { SottoError } from "../../protocol/errors.ts";
import type { MessageId } from "../../protocol/ids.ts";
import { blobsOf } from "../attachments/attachment.ts";
import type { ClientCore } from "../core.ts";
import { decodeRecord, encodeRecord, outboxKey, tables, type EntryRecord, type OutboxRecord } from "../records.ts";
import type { RecordChange } from "../stores/client-store.ts";
import { Draft } from "../stores/draft.ts";
import { rowsOf } from "./changes/entry-rows.ts";
import type { ContentKeeping } from "./content-keeping.ts";
import type { ConversationState } from "./conversation-state.ts";
import { groupLifetime } from "./disappearing-messages.ts";
import { keptAs } from "./entry-opener.ts";
import type { OwnArrival } from "./log-intake.ts";
import { withLifetimes } from "./outgoing-lifetimes.ts";
import { readable } from "./outgoing-sealing.ts";

export type OutgoingState = "queued" | "sealing" | "sending" | "accepted" | "failed";

/** Whoever shows a message hears of its way through here. */
export interface OutgoingListener {
  moved(state: OutgoingState, details?: { sequence?: number; acceptedAt?: number; error?: SottoError }): void;
}

export interface OutboxItem {
  record: OutboxRecord;
  listener: OutgoingListener;
  /** The node has it: with its place in the log, or `known` from an earlier try. */
  accepted: { sequence: number; acceptedAt: number } | "known" | null;
}

export class OutboxItems {
  private readonly core: ClientCore;
  private readonly state: ConversationState;
  private readonly keeping: ContentKeeping;
  /** By id, which is the order in which they were written. */
  private readonly items = new Map<MessageId, OutboxItem>();

  constructor(core: ClientCore, state: ConversationState, keeping: ContentKeeping) {
    this.core = core;
    this.state = state;
    this.keeping = keeping;
  }

  /** Takes up what an earlier run of this client left. `listen` is asked for each. */
  async load(listen: (record: OutboxRecord) => OutgoingListener): Promise<void> {
    for (const { bytes } of await this.core.store.list(tables.outbox, { prefix: `${this.state.id}/` })) {
      const record = decodeRecord<OutboxRecord>(bytes);
      this.items.set(record.id, { record, listener: listen(record), accepted: null });
    }
  }

  /** Takes a message in: it counts at once, and is stored when the promise resolves. */
  async add(record: OutboxRecord, listener: OutgoingListener, changes: readonly RecordChange[] = []): Promise<void> {
    this.items.set(record.id, { record, listener, accepted: null });
    try {
      await this.core.store.write([this.changeOf(record), ...changes]);
    } catch (error) {
      this.items.delete(record.id);
      throw error;
    }
  }

  has(item: OutboxItem): boolean {
    return this.items.has(item.record.id);
  }

  get(id: MessageId): OutboxItem | undefined {
    return this.items.get(id);
  }

  all(): OutboxItem[] {
    return [...this.items.values()];
  }

  /** Withdraws a message that has not been sealed, with what was to change it. False when it is too late. */
  cancel(id: MessageId): Promise<boolean> {
    return this.withdraw(id, (record) => record.number === null, new SottoError("aborted"));
  }

  private withdraw(id: MessageId, mayGo: (record: OutboxRecord) => boolean, error: SottoError): Promise<boolean> {
    return this.state.queue.run(async () => {
      const item = this.items.get(id);
      if (!item || !mayGo(item.record)) return false;
      const withdrawn = this.withChanges(item);
      await this.forget(...withdrawn);
      for (const { listener } of withdrawn) listener.moved("failed", { error });
      return true;
    });
  }

  /** A message that will not go, and what was to change it. */
  withChanges(item: OutboxItem): OutboxItem[] {
    return [item, ...this.unaccepted().filter(({ record }) => targetOf(record) === item.record.id)];
  }

  /** Items that will not go; their files go from the node. */
  async forget(...items: OutboxItem[]): Promise<void> {
    const blobs = items.flatMap(({ record }) => blobsOf(readable(record.content)));
    const removals = items.map(({ record }) => this.removalOf(record.id));
    await this.core.store.write([...removals, ...this.core.uploads.abandonmentOf(blobs)]);
    for (const { record } of items) this.items.delete(record.id);
  }

  /** The greatest id here or sent before: the next one has to be greater. */
  get lastId(): MessageId | null {
    const waiting = [...this.items.keys()].at(-1) ?? null;
    const { lastId } = this.state.record;
    return waiting !== null && (lastId === null || waiting > lastId) ? waiting : lastId;
  }

  /** An own message stands in the log. Undefined when this device knows nothing of it. */
  takeOwn(entry: HashedEntry): OwnArrival | undefined {
    const item = this.items.get(entry.id);
    if (!item || item.record.number !== entry.number) return undefined;
    const { sealed, content } = item.record;
    const isAsSent = sealed !== null && hasPayload(entry, sealed.payload);
    return {
      content,
      isAsSent,
      changes: [this.removalOf(entry.id)],
      stored: () => {
        this.items.delete(entry.id);
        if (isAsSent) return item.listener.moved("accepted", entry);
        this.core.report({ code: "log-forked", conversation: entry.conversation, sequence: entry.sequence });
        item.listener.moved("failed", { error: new SottoError("diverged") });
      },
    };
  }

  /** Takes items out that the node has, and that will not come down in this device's log. */
  settle(items: readonly OutboxItem[]): Promise<void> {
    return this.state.queue.run(async () => {
      const settled = items.filter((item) => this.items.has(item.record.id));
      if (settled.length === 0) return;
      const draft = new Draft(this.core.store);
      const stored: (() => void)[] = [];
      for (const item of settled) {
        draft.write(this.removalOf(item.record.id));
        stored.push(await this.keepHistory(draft, item));
      }
      await this.core.store.write(draft.changes);
      for (const tell of stored) tell();
      for (const item of settled) {
        this.items.delete(item.record.id);
        item.listener.moved("accepted", item.accepted === "known" || !item.accepted ? {} : item.accepted);
      }
    });
  }

  /**
   * One's own message whose place in the log is known, though this device may not read there. For the write that takes it out of the
   * outbox; to be called after that: what it returns.
   */
  async keepHistory(draft: Draft, { record, accepted }: OutboxItem): Promise<() => void> {
    if (accepted === null || accepted === "known") return () => undefined;
    const content = decodeContent(record.content);
    const kind = keptAs(content);
    const entry: EntryRecord = {
      ...accepted,
      kind,
      id: record.id,
      sender: { user: this.core.own.user, device: this.core.own.device },
      number: record.number ?? 0,
      logHash: new Uint8Array(32),
      content: kind === "history-keys" ? null : record.content,
      reason: null,
    };
    draft.write(...rowsOf(this.state.id, entry));
    return this.keeping.add(draft, { entry, content, ofGroup: this.groupLifetimeOf(record) });
  }

  /** What is to say another time before these are sealed: see `withLifetimes`. */
  limited(todo: readonly OutboxItem[]): Map<MessageId, OutboxRecord> {
    if (this.state.group?.policy?.disappearingSeconds === undefined) return new Map();
    return withLifetimes({
      records: this.all().map(({ record }) => record),
      todo: new Set(todo.map(({ record }) => record.id)),
      ofGroup: (record) => this.groupLifetimeOf(record),
    });
  }

  private groupLifetimeOf({ sealed }: OutboxRecord): number | undefined {
    const { group, record } = this.state;
    return group && groupLifetime(group.policy, record.disappearingSince, sealed ?? group);
  }

  /** Forgets items whose removal is stored. */
  drop(items: readonly OutboxItem[]): void {
    for (const { record } of items) this.items.delete(record.id);
  }

  unaccepted(): OutboxItem[] {
    return [...this.items.values()].filter((item) => item.accepted === null);
  }

  /** Those that may go: none that is held, nor what was written after it. */
  sendable(): OutboxItem[] {
    const waiting = this.unaccepted();
    const held = waiting.findIndex(({ record }) => record.held);
    return held === -1 ? waiting : waiting.slice(0, held);
  }

  /** What a held message says is complete: it may go. Nothing happens where it is gone. */
  release(id: MessageId, content: Uint8Array, changes: readonly RecordChange[]): Promise<void> {
    return this.state.queue.run(async () => {
      const item = this.items.get(id);
      if (!item) return;
      const { held: _held, ...record } = { ...item.record, content };
      await this.core.store.write([this.changeOf(record), ...changes]);
      item.record = record;
    });
  }

  /** Takes a held message out, which will not be sent, with what was to change it. False where it is gone. */
  refuse(id: MessageId, error: SottoError): Promise<boolean> {
    return this.withdraw(id, ({ held }) => held === true, error);
  }

  async rewrite(change: (record: OutboxRecord) => OutboxRecord): Promise<void> {
    await this.state.queue.run(async () => {
      const changed = this.unaccepted().map((item) => ({ item, record: change(item.record) }));
      if (changed.length > 0) await this.core.store.write(changed.map(({ record }) => this.changeOf(record)));
      for (const { item, record } of changed) item.record = record;
    });
  }

  removalOf(id: MessageId): RecordChange {
    return { table: tables.outbox, id: outboxKey(this.state.id, id), bytes: null };
  }

  changeOf(record: OutboxRecord): RecordChange {
    return { table: tables.outbox, id: outboxKey(this.state.id, record.id), bytes: encodeRecord(record) };
  }
}

/** Which message it is to change. */
function targetOf({ content }: OutboxRecord): MessageId | undefined {
  const decoded = readable(content);
  return isChange(decoded) ? decoded.target : undefined;
}
