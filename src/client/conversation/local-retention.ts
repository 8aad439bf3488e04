/**
 * What retention has passed goes from this device too: messages with all that goes with them, and history keys that open nothing any
 * more. By what the deployment and the group said last, so offline as well; the shorter counts. What is past is not shown from that
 * minute on, and removed within another.
 */
import type { MessageId } from "../../protocol/ids.ts";
import type { ClientCore } from "../core.ts";
import {
  decodeRecord,
  entryKey,
  historyKeyId,
  orphanKey,
  tables,
  type ConversationRecord,
  type EntryRecord,
  type OrphanRecord,
} from "../records.ts";
import type { RecordChange } from "../stores/client-store.ts";
import { Draft } from "../stores/draft.ts";
import { removalOf } from "./changes/entry-rows.ts";
import type { ConversationState } from "./conversation-state.ts";
import { entriesBetween } from "./kept-entries.ts";
import type { DisappearingMessages } from "./disappearing-messages.ts";
import type { ReceiptBook } from "./receipt-book.ts";
import { forgetWords } from "./search/word-index.ts";

const dayMs = 24 * 60 * 60_000;
const rowsPerStep = 200;

export interface LocalRetentionParts {
  book: ReceiptBook;
  disappearing: DisappearingMessages;
  /** Of a message that was removed. */
  gone: (id: MessageId) => void;
}

export class LocalRetention {
  private readonly core: ClientCore;
  private readonly state: ConversationState;
  private readonly parts: LocalRetentionParts;

  constructor(core: ClientCore, state: ConversationState, parts: LocalRetentionParts) {
    this.core = core;
    this.state = state;
    this.parts = parts;
  }

  /** In days; undefined while nobody has said. */
  get days(): number | undefined {
    const { retentionDays } = this.state.group?.policy ?? {};
    const shorter = Math.min(retentionDays ?? Infinity, this.core.own.retentionDays ?? Infinity);
    return shorter === Infinity ? undefined : shorter;
  }

  /** What was accepted before is past. */
  get cutoff(): number {
    return this.days === undefined ? 0 : this.core.now() - this.days * dayMs;
  }

  isPast({ acceptedAt }: EntryRecord): boolean {
    return acceptedAt < this.cutoff;
  }

  /** Up to where the log is past retention, as far as this device knows; 0: nothing is. */
  get floor(): number {
    return this.state.record.floor ?? 0;
  }

  /** Removes what is past. Errors: those of the store. */
  async sweep(): Promise<void> {
    for (let isMore = await this.isDue(); isMore;) isMore = await this.state.queue.run(() => this.removeSome());
  }

  /** Looks at what is oldest here. */
  private async isDue(): Promise<boolean> {
    const { cutoff } = this;
    const { orphans, historyKeys } = this.state.record;
    if (cutoff <= 0) return false;
    if (orphans.length > 0 || (historyKeys[1] && historyKeys[1].at < cutoff)) return true;
    const [first] = await entriesBetween(this.core.store, this.state.id, { limit: 1 });
    return first !== undefined && first.acceptedAt < cutoff;
  }

  /** Whether more is past than goes in one write. */
  private async removeSome(): Promise<boolean> {
    const { cutoff } = this;
    const entries = await entriesBetween(this.core.store, this.state.id, { limit: rowsPerStep });
    const kept = entries.findIndex(({ acceptedAt }) => acceptedAt >= cutoff);
    const past = kept === -1 ? entries.length : kept;
    const floor = Math.max(this.floor, entries[past - 1]?.sequence ?? 0);
    const draft = new Draft(this.core.store);
    for (const entry of entries.slice(0, past)) {
      await forgetWords(draft, this.state.id, entry);
      draft.write(...removalOf(this.state.id, entry));
    }
    const changes = [...draft.changes, ...(await this.tailUpTo(floor))];
    const orphans = await this.pastOrphans(cutoff);
    changes.push(...orphans.map((id) => ({ table: tables.orphans, id: orphanKey(this.state.id, id), bytes: null })));
    const keys = await this.pastKeys(cutoff);
    changes.push(...keys.changes);
    if (changes.length > 0 || floor > this.floor) {
      changes.push(...this.parts.book.forget(floor));
      changes.push(...this.parts.disappearing.forget((sequence) => sequence <= floor));
      const known = this.state.record.orphans.filter((id) => !orphans.includes(id));
      await this.state.commit({ record: { floor, orphans: known, ...keys.record } }, changes);
      for (const { id } of entries.slice(0, past)) this.parts.gone(id);
      for (const id of orphans) this.parts.gone(id);
    }
    return kept === -1 && entries.length === rowsPerStep;
  }

  private async tailUpTo(floor: number): Promise<RecordChange[]> {
    const before = entryKey(this.state.id, floor + 1);
    const past = await this.core.store.list(tables.tail, { prefix: `${this.state.id}/`, before });
    return past.map(({ id }) => ({ table: tables.tail, id, bytes: null }));
  }

  private async pastOrphans(cutoff: number) {
    const rows = await this.core.store.list(tables.orphans, { prefix: `${this.state.id}/` });
    const entries = rows.map(({ bytes }) => decodeRecord<OrphanRecord>(bytes).entry);
    return entries.filter(({ acceptedAt }) => acceptedAt < cutoff).map(({ id }) => id);
  }

  /** A key opens what was said until the next one took over: those before the last that was taken by the cutoff open nothing. */
  private async pastKeys(
    cutoff: number,
  ): Promise<{ changes: RecordChange[]; record: Partial<Pick<ConversationRecord, "historyKeys" | "historyBegins">> }> {
    const { historyKeys, historyBegins } = this.state.record;
    const at = historyKeys.findLastIndex((key) => key.at < cutoff);
    if (at === -1) return { changes: [], record: {} };
    const first = historyKeyId(this.state.id, historyKeys[at]!);
    const rows = await this.core.store.list(tables.historyKeys, { prefix: `${this.state.id}/`, before: first });
    const begins = historyBegins === undefined ? { historyBegins: historyKeys[0]! } : {};
    return {
      changes: rows.map(({ id }) => ({ table: tables.historyKeys, id, bytes: null })),
      record: at > 0 ? { historyKeys: historyKeys.slice(at), ...begins } : {},
    };
  }
}
