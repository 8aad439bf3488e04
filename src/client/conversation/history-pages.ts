/**
 * Pages of a conversation, in both directions and from anywhere: what this device holds, and what it does not, because it was added later
 * or could not follow, from the node. Each message is shown as it stands after all that changed it, wherever in the log that stands.
 */
import { SottoError } from "../../protocol/errors.ts";
import type { UserId } from "../../protocol/ids.ts";
import type { ClientCore } from "../core.ts";
import { type EntryRecord } from "../records.ts";
import type { MessageReader } from "./changes/message-reader.ts";
import type { ConversationState } from "./conversation-state.ts";
import { entriesBetween } from "./kept-entries.ts";
import { HeldLog } from "./held-log.ts";
import type { Beginning, HistoryReader } from "./history-reader.ts";
import type { LocalRetention } from "./local-retention.ts";
import type { Message } from "./message.ts";

export interface UnopenedMessage {
  sequence: number;
  sender: { user: UserId };
  reason: string;
}

export interface HistoryOptions {
  /** Only what comes before this sequence, and next to it: the page before. */
  before?: number;
  /** Only what comes after this sequence, and next to it: the page after. With both: what lies between, from the lower end. */
  after?: number;
  /** 1 to 10,000; 50 if nothing is said. */
  limit?: number;
  signal?: AbortSignal;
}

export interface HistoryPage {
  /** From old to new. */
  messages: (Message | UnopenedMessage)[];
  /** Pass as `before` for the page before this one; undefined where nothing comes before it. */
  before: number | undefined;
  /** Pass as `after` for the page after this one; undefined where it ends with the newest. */
  after: number | undefined;
  /**
   * What lies before this page. `more`: pass `before`. `nothing`: the conversation begins here. `removed`: retention has taken it.
   * `not-shared`: it was said before this user came, and nobody has shared it. `not-now`: it may be had from the node, when there is a
   * connection to one.
   */
  earlier: "more" | Beginning;
  /** What was said up to this sequence is past retention, and gone; 0: nothing is, as far as this device knows. */
  floor: number;
  /** False where the node may have more, and could not be asked: messages of this stretch, or what has changed them since. */
  isComplete: boolean;
}

export const pageAtMost = 10_000;

export class HistoryPages {
  private readonly core: ClientCore;
  private readonly state: ConversationState;
  private readonly reader: MessageReader;
  private readonly older: HistoryReader;
  private readonly retention: LocalRetention;
  readonly held: HeldLog;
  /** This device is still to be let in: what it holds says nothing of what there is. */
  private readonly awaitsWelcome: () => boolean;

  constructor(
    core: ClientCore,
    state: ConversationState,
    parts: { reader: MessageReader; older: HistoryReader; retention: LocalRetention; awaitsWelcome: () => boolean },
  ) {
    this.core = core;
    this.state = state;
    this.reader = parts.reader;
    this.older = parts.older;
    this.retention = parts.retention;
    this.awaitsWelcome = parts.awaitsWelcome;
    this.held = new HeldLog(state, parts.older);
  }

  /** Errors: `invalid-argument`, `aborted`, those of the connection. */
  async read({ before, after, limit = 50, signal }: HistoryOptions): Promise<HistoryPage> {
    const isSequence = (one: number | undefined): boolean =>
      one === undefined || (Number.isSafeInteger(one) && one >= 0);
    if (!isSequence(before) || !isSequence(after) || !Number.isInteger(limit) || limit < 1 || limit > pageAtMost) {
      const detail = `A page has 1 to ${pageAtMost} messages, and begins or ends at a sequence.`;
      throw new SottoError("invalid-argument", { detail });
    }
    return after === undefined ? this.readBack(before, limit, signal) : this.readOn(after, before, limit, signal);
  }

  private async readBack(before: number | undefined, limit: number, signal?: AbortSignal): Promise<HistoryPage> {
    const found: EntryRecord[] = [];
    let cursor = before;
    let isOver = false;
    while (found.length < limit && !isOver) {
      if (signal?.aborted) throw new SottoError("aborted");
      const rows = await this.entriesOrOlder(cursor, limit);
      isOver = rows.length === 0;
      for (const row of rows) {
        isOver = this.retention.isPast(row);
        if (isOver) break;
        cursor = row.sequence;
        if (this.isShown(row)) found.push(row);
        if (found.length === limit) break;
      }
    }
    const first = cursor ?? this.state.logEnd + 1;
    const isNewest = before === undefined || before > this.state.logEnd;
    return this.page(found.toReversed(), first, isNewest ? undefined : before - 1, isOver, signal);
  }

  private async readOn(
    after: number,
    before: number | undefined,
    limit: number,
    signal?: AbortSignal,
  ): Promise<HistoryPage> {
    const found: EntryRecord[] = [];
    const end = Math.min(before ?? Infinity, this.state.logEnd + 1);
    let cursor = after;
    let first: number | undefined;
    while (found.length < limit && cursor + 1 < end) {
      if (signal?.aborted) throw new SottoError("aborted");
      const rows = await this.entriesOrNewer(cursor, Math.min(limit, end - cursor - 1));
      if (rows.length === 0) cursor = end - 1;
      for (const row of rows) {
        if (row.sequence >= end) break;
        cursor = row.sequence;
        // What nobody can read any more is passed by.
        if (this.retention.isPast(row)) continue;
        first ??= row.sequence;
        if (this.isShown(row)) found.push(row);
        if (found.length === limit) break;
      }
      if ((rows.at(-1)?.sequence ?? end) >= end) break;
    }
    const isNewest = cursor >= this.state.logEnd;
    return this.page(found, first ?? after + 1, isNewest ? undefined : cursor, false, signal);
  }

  /** `first`: the sequence that the page begins with. `isOver`: nothing comes before it. */
  private async page(
    entries: readonly EntryRecord[],
    first: number,
    after: number | undefined,
    isOver: boolean,
    signal?: AbortSignal,
  ): Promise<HistoryPage> {
    const lowest = entries.find(({ kind }) => kind === "message")?.sequence;
    const isComplete = lowest === undefined || (await this.held.complete(lowest + 1, signal));
    const messages: HistoryPage["messages"] = [];
    for (const entry of entries) messages.push(await this.present(entry));
    const past = await this.pastBefore(first);
    const earlier = await this.earlierThan(first, past, isOver);
    const floor = Math.max(past, this.older.floor);
    return { messages, before: earlier === "more" ? first : undefined, after, earlier, floor, isComplete };
  }

  /** Up to where what this device holds below a sequence is past retention, be it removed already or not. */
  private async pastBefore(first: number): Promise<number> {
    const [row] = await this.entriesBefore(first, 1);
    return row && this.retention.isPast(row) ? row.sequence : this.retention.floor;
  }

  private async earlierThan(first: number, past: number, isOver: boolean): Promise<HistoryPage["earlier"]> {
    if (this.awaitsWelcome() && this.state.record.joinedSequence === 0) return "not-now";
    if (first > 1 && first - 1 <= past) return "removed";
    const beginning = this.older.beginningAt(first);
    if (isOver || beginning === "nothing") return beginning;
    const isBelow = beginning !== "not-now" && (await this.entriesBefore(first, 1)).length === 0;
    return isBelow ? beginning : "more";
  }

  private async present(entry: EntryRecord): Promise<Message | UnopenedMessage> {
    const { sequence, sender, reason } = entry;
    if (entry.kind === "message") return this.reader.show(entry);
    return { sequence, sender, reason: reason ?? "undecryptable" };
  }

  private isShown({ kind, sender }: EntryRecord): boolean {
    return (kind === "message" || kind === "unopened") && this.reader.isShown(sender);
  }

  /** Newest first: what is here up to a gap; at a gap what the node has of it; and where that is nothing, what is here below it. */
  private async entriesOrOlder(before: number | undefined, limit: number): Promise<EntryRecord[]> {
    const rows = await this.entriesBefore(before, limit);
    const next = (before ?? this.state.logEnd + 1) - 1;
    const gap = rows.findIndex(({ sequence }, index) => sequence !== next - index);
    if (gap > 0) return rows.slice(0, gap);
    if (gap === -1 && rows.length > 0) return rows;
    const missing = next - (rows[0]?.sequence ?? 0);
    const older = await this.older.before(next + 1, Math.min(limit, missing));
    return older.length > 0 ? older : unbroken(rows);
  }

  /** Oldest first, by the same rule. */
  private async entriesOrNewer(after: number, limit: number): Promise<EntryRecord[]> {
    const rows = await this.entriesAfter(after, limit);
    const gap = rows.findIndex(({ sequence }, index) => sequence !== after + 1 + index);
    if (gap > 0) return rows.slice(0, gap);
    if (gap === -1 && rows.length > 0) return rows;
    const last = (rows[0]?.sequence ?? this.state.logEnd + 1) - 1;
    let from = after + 1;
    let newer = await this.older.between(from, Math.min(last, from + limit - 1));
    const { first } = this.older;
    if (newer.length === 0 && first !== undefined && first > from && first <= last) {
      from = first;
      newer = await this.older.between(from, Math.min(last, from + limit - 1));
    }
    return newer.length > 0 ? newer : unbroken(rows);
  }

  private async entriesBefore(before: number | undefined, limit: number): Promise<EntryRecord[]> {
    return entriesBetween(this.core.store, this.state.id, { before, limit, reverse: true });
  }

  private async entriesAfter(after: number, limit: number): Promise<EntryRecord[]> {
    return entriesBetween(this.core.store, this.state.id, { after, limit });
  }
}

/** Rows up to the next gap. */
function unbroken(rows: readonly EntryRecord[]): EntryRecord[] {
  const end = rows.findIndex(
    ({ sequence }, index) => index > 0 && Math.abs(sequence - rows[index - 1]!.sequence) !== 1,
  );
  return end === -1 ? [...rows] : rows.slice(0, end);
}
