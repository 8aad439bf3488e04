/**
 * Messages that last for a time once they are read. It begins for their readers when the person has seen them on this device, for
 * their sender when the node has accepted them; it goes on while the client is closed, and what is over by the next start goes then.
 * What goes leaves in the store that there was a message, and nothing of what it said.
 */
import type { Content } from "../../crypto/content.ts";
import type { GroupPolicy } from "../../identity/group-policy.ts";
import type { MessageId, UserId } from "../../protocol/ids.ts";
import { inBackground, type ClientCore } from "../core.ts";
import { decodeRecord, encodeRecord, entryKey, tables, type DisappearingRecord, type EntryRecord } from "../records.ts";
import type { RecordChange } from "../stores/client-store.ts";
import { Draft } from "../stores/draft.ts";
import type { ConversationState } from "./conversation-state.ts";
import { entryAt } from "./kept-entries.ts";
import { forgetWords } from "./search/word-index.ts";

/** A message whose time is over. */
export interface Disappeared {
  id: MessageId;
  sequence: number;
  sender: { user: UserId };
}

/** Messages whose time begins: for the write that says so, and `stored` once that is done. */
export interface Begun {
  changes: RecordChange[];
  stored(): void;
}

/** Timers hold no more. */
const longestTimerMs = 2 ** 31 - 1;

/** Where a message was sealed. */
export interface SealedAt {
  generation: number;
  epoch: number;
}

/**
 * What the group says, in seconds, of messages that were sealed at an epoch; undefined: nothing. What was sealed before it said so, and
 * stands in the log after that, keeps to what it says itself: its sender knew no other, and later devices may read it.
 */
export function groupLifetime(
  policy: GroupPolicy | undefined,
  since: SealedAt | undefined,
  { generation, epoch }: SealedAt,
): number | undefined {
  const isBefore = since?.generation === generation && epoch < since.epoch;
  return isBefore ? undefined : policy?.disappearingSeconds;
}

/** How long a message lasts once it is read, in seconds; undefined: it stays. The shorter of what it says and what the group says. */
export function lifetimeOf(content: Content, ofGroup?: number): number | undefined {
  // A change lasts as long as what it changes, which says so itself: later readers are not to miss a retraction.
  if (content.kind === "edit") return content.expiresIn;
  if (content.kind !== "text" && content.kind !== "unknown") return undefined;
  const own = content.kind === "text" ? (content.expiresIn ?? Infinity) : Infinity;
  const shorter = Math.min(own, ofGroup ?? Infinity);
  return shorter === Infinity ? undefined : shorter;
}

export interface DisappearingHooks {
  /** Whether what a sender says is shown on this device. */
  isShown(sender: EntryRecord["sender"]): boolean;
  /** Of a message that goes: what changed it goes, too. */
  forget(draft: Draft, target: MessageId): Promise<void>;
  gone(messages: readonly Disappeared[]): void;
}

export class DisappearingMessages {
  private readonly core: ClientCore;
  private readonly state: ConversationState;
  private readonly hooks: DisappearingHooks;
  private readonly records = new Map<number, DisappearingRecord>();
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(core: ClientCore, state: ConversationState, hooks: DisappearingHooks) {
    this.core = core;
    this.state = state;
    this.hooks = hooks;
    core.closing.addEventListener("abort", () => clearTimeout(this.timer));
  }

  /** Takes up what the store holds; what is over goes at once, before anybody can be shown it. */
  async load(): Promise<void> {
    const rows = await this.core.store.list(tables.disappearing, { prefix: `${this.state.id}/` });
    for (const { bytes } of rows) this.note(decodeRecord<DisappearingRecord>(bytes));
    await this.sweep();
  }

  /** Of a message that is taken in and lasts for `seconds`: for the write that stores it, and `note` once that is done. */
  recordOf({ sequence, id, sender, acceptedAt }: EntryRecord, seconds: number): DisappearingRecord {
    const { user, device } = this.core.own;
    if (sender.user !== user) return { sequence, id, seconds, goesAt: null };
    const sentAt = sender.device === device ? Date.now() : Math.min(Date.now(), acceptedAt);
    return { sequence, id, seconds, goesAt: sentAt + seconds * 1000 };
  }

  changeOf(record: DisappearingRecord): RecordChange {
    return this.change(record.sequence, encodeRecord(record));
  }

  note(record: DisappearingRecord): void {
    this.records.set(record.sequence, record);
    if (record.goesAt !== null) this.arm();
  }

  /** The log goes another way after a sequence: what comes back there is noted anew. */
  async rewoundTo(sequence: number): Promise<void> {
    const changes = this.forget((one) => one > sequence);
    if (changes.length > 0) await this.state.queue.run(() => this.core.store.write(changes));
  }

  /** What is not here any more. For the write that says so. */
  forget(isGone: (sequence: number) => boolean): RecordChange[] {
    const sequences = [...this.records.keys()].filter(isGone);
    for (const sequence of sequences) this.records.delete(sequence);
    return sequences.map((sequence) => this.change(sequence, null));
  }

  /**
   * The person has seen what is shown up to a sequence, as far as `isMeant` says. The changes belong to the write that says so. What
   * is withheld here, because its sender is in doubt or blocked, begins when it is shown and read.
   */
  async read(upTo: number, isMeant: (sequence: number) => boolean): Promise<Begun> {
    const now = Date.now();
    const begun: DisappearingRecord[] = [];
    for (const record of this.records.values()) {
      const { sequence, goesAt } = record;
      if (sequence > upTo || goesAt !== null || !isMeant(sequence)) continue;
      const entry = await entryAt(this.core.store, this.state.id, sequence);
      if (entry && this.hooks.isShown(entry.sender)) begun.push({ ...record, goesAt: now + record.seconds * 1000 });
    }
    const stored = () => begun.forEach((record) => this.note(record));
    return { changes: begun.map((record) => this.changeOf(record)), stored };
  }

  /** How long a message that stands here lasts; undefined: it stays. */
  secondsAt(sequence: number): number | undefined {
    return this.records.get(sequence)?.seconds;
  }

  private arm(): void {
    clearTimeout(this.timer);
    const times = [...this.records.values()].flatMap(({ goesAt }) => goesAt ?? []);
    if (times.length === 0 || this.core.closing.aborted) return;
    const waitMs = Math.min(Math.max(Math.min(...times) - Date.now(), 0), longestTimerMs);
    this.timer = setTimeout(() => inBackground(this.core, this.sweep(), { conversation: this.state.id }), waitMs);
  }

  private async sweep(): Promise<void> {
    const messages = await this.state.queue.run(() => this.removeDue());
    this.arm();
    if (messages.length > 0) this.hooks.gone(messages);
  }

  private async removeDue(): Promise<Disappeared[]> {
    const now = Date.now();
    const due = [...this.records.values()].filter(({ goesAt }) => goesAt !== null && goesAt <= now);
    const messages: Disappeared[] = [];
    const draft = new Draft(this.core.store);
    for (const { sequence, id: message } of due) {
      const id = entryKey(this.state.id, sequence);
      const entry = await entryAt(this.core.store, this.state.id, sequence);
      draft.write(this.change(sequence, null));
      // The log may have gone another way since.
      if (entry?.id !== message) continue;
      await forgetWords(draft, this.state.id, entry);
      draft.write({ table: tables.entries, id, bytes: encodeRecord({ ...entry, kind: "gone", content: null }) });
      await this.hooks.forget(draft, entry.id);
      messages.push({ id: entry.id, sequence, sender: { user: entry.sender.user } });
    }
    if (draft.changes.length > 0) await this.core.store.write(draft.changes);
    for (const { sequence } of due) this.records.delete(sequence);
    return messages;
  }

  private change(sequence: number, bytes: Uint8Array | null): RecordChange {
    return { table: tables.disappearing, id: entryKey(this.state.id, sequence), bytes };
  }
}
