/**
 * Follows the log of one conversation: entries come by push, by the answer to one's own sends, or by reading, in any order
 * and more than once; they are taken in by sequence, each once. A run of entries is stored in one write, then acked.
 * A gap waits a moment (nodes may ring 6 before 5), then is read. There is one way to recover: read from the position.
 */
import type { DirectPolicy } from "../../crypto/group-engine.ts";
import type { Content } from "../../crypto/content.ts";
import { equalBytes } from "../../identity/equal-bytes.ts";
import { entryHash, type HashedEntry } from "../../identity/log-hash.ts";
import { fromBase64, toBase64 } from "../../protocol/base64.ts";
import { SottoError } from "../../protocol/errors.ts";
import { limits } from "../../protocol/limits.ts";
import type { LogEntry } from "../../protocol/log-entry.ts";
import type { ClientCore } from "../core.ts";
import type { ConversationState } from "./conversation-state.ts";
import { openEntry, type UnopenedReason } from "./entry-opener.ts";
import { LogBatch } from "./log-batch.ts";
import type { EntryRecord } from "../records.ts";
import type { RecordChange } from "../stores/client-store.ts";

/** What the outbox answers when an own message comes down in the log. */
export interface OwnArrival {
  content: Uint8Array;
  changes: RecordChange[];
  /** After the write. */
  stored(): void;
}

export interface FollowerHooks {
  policy(): DirectPolicy;
  takeOwn(entry: HashedEntry): OwnArrival | undefined;
  opened(entry: EntryRecord, content: Content): void;
  unopened(entry: EntryRecord, reason: UnopenedReason): void;
  listSeen(entry: HashedEntry, list: { version: number; head: Uint8Array }): void;
  /** The position moved: an ack is due, receipts that waited may hold now. */
  advanced(): void;
  rosterMoved(): void;
  /** The group cannot be followed any more. */
  lost(): void;
}

const runLength = 64;
const arrivalsKept = 1024;

export class LogFollower {
  private readonly core: ClientCore;
  private readonly state: ConversationState;
  private readonly hooks: FollowerHooks;
  private readonly arrivals = new Map<number, LogEntry>();
  private pumping: Promise<void> | undefined;
  private reading: Promise<void> | undefined;
  private gapTimer: ReturnType<typeof setTimeout> | undefined;

  constructor(core: ClientCore, state: ConversationState, hooks: FollowerHooks) {
    this.core = core;
    this.state = state;
    this.hooks = hooks;
    core.closing.addEventListener("abort", () => clearTimeout(this.gapTimer));
  }

  /** Takes an entry as it arrives. Those already stored are ignored; too many ahead are left for reading. */
  post(entry: LogEntry): void {
    if (entry.sequence <= this.state.record.position || this.arrivals.size >= arrivalsKept) return;
    this.arrivals.set(entry.sequence, entry);
    void this.pump();
  }

  /** Reads on until nothing is left. Errors: those of the connection, and `diverged`. */
  catchUp(): Promise<void> {
    this.reading ??= this.readAll().finally(() => {
      this.reading = undefined;
      if (this.arrivals.size > 0) void this.pump();
    });
    return this.reading;
  }

  /** Resolves when everything that has arrived is stored. */
  async settled(): Promise<void> {
    await this.pumping;
    await this.state.queue.idle();
  }

  private pump(): Promise<void> {
    this.pumping ??= this.pumpAll().finally(() => (this.pumping = undefined));
    return this.pumping;
  }

  private async pumpAll(): Promise<void> {
    await Promise.resolve();
    for (;;) {
      const run = this.nextRun();
      if (run.length === 0) break;
      await this.take(run);
      if (this.state.record.position < run[0]!.sequence) break;
    }
    for (const sequence of this.arrivals.keys()) {
      if (sequence <= this.state.record.position) this.arrivals.delete(sequence);
    }
    if (this.arrivals.size > 0) this.askForGap();
  }

  private nextRun(): LogEntry[] {
    const run: LogEntry[] = [];
    for (let next = this.firstSequence(); run.length < runLength; next++) {
      const entry = this.arrivals.get(next);
      if (!entry) break;
      run.push(entry);
    }
    return run;
  }

  /** The sequence that comes next; for a founder, whose log has not begun, that of its own commit. */
  private firstSequence(): number {
    const { record, pending, group } = this.state;
    if (group ?? !pending) return record.position + 1;
    const founding = [...this.arrivals.values()].find((entry) => entry.id === pending.record.id);
    return founding?.sequence ?? record.position + 1;
  }

  private askForGap(): void {
    if (this.gapTimer !== undefined || this.core.closing.aborted || this.state.record.lostAt !== null) return;
    const { gapMs } = this.core.timings;
    this.gapTimer = setTimeout(
      () => {
        this.gapTimer = undefined;
        this.catchUp().catch(() => undefined);
      },
      gapMs + (Math.random() * gapMs) / 2,
    );
  }

  private async readAll(): Promise<void> {
    for (;;) {
      await this.settled();
      const { position, positionHash, lostAt, joinedSequence } = this.state.record;
      if (lostAt !== null || (joinedSequence === 0 && !this.state.pending)) return;
      const page = await this.core.connection.request("log:read", {
        conversation: this.state.id,
        after: position,
        ...(positionHash ? { afterHash: toBase64(positionHash) } : {}),
        limit: limits.logEntriesPerPage,
      });
      if (position > page.head) throw new SottoError("diverged");
      if (page.floor > position && joinedSequence > 0 && page.floor >= joinedSequence) return this.loseTrack();
      if (page.entries.length === 0) return;
      await this.take(page.entries);
      if (this.state.record.position === position) return;
      if (this.state.record.position >= page.head) return;
    }
  }

  /** Stores a run of entries; those that do not follow on are left out. */
  private take(entries: readonly LogEntry[]): Promise<void> {
    return this.state.queue.run(async () => {
      const batch = new LogBatch(this.state);
      for (const wire of entries) {
        const entry = { ...wire, payload: fromBase64(wire.payload) };
        if (entry.sequence <= batch.record.position) continue;
        const founds = batch.group === undefined && batch.pending?.record.id === entry.id;
        if (entry.sequence !== batch.record.position + 1 && !founds) break;
        await this.takeEntry(batch, entry);
        if (batch.stopped) break;
      }
      const { position, lostAt } = this.state.record;
      if (batch.record.position === position && batch.record.lostAt === lostAt) return;
      await batch.finish();
      if (batch.record.position > position) this.hooks.advanced();
      if (batch.rosterMoved) this.hooks.rosterMoved();
      if (batch.record.lostAt !== null && lostAt === null) this.hooks.lost();
    });
  }

  private async takeEntry(batch: LogBatch, entry: HashedEntry): Promise<void> {
    const hash = entryHash(entry);
    if (entry.kind === "commit") await this.takeCommit(batch, entry, hash);
    else if (!batch.group) batch.stopped = true;
    else if (entry.sender.device === this.core.own.device) this.takeOwnMessage(batch, entry, hash);
    else await this.takeMessage(batch, entry, hash);
  }

  private async takeCommit(batch: LogBatch, entry: HashedEntry, hash: Uint8Array): Promise<void> {
    const { pending, group } = batch;
    const noChange = { added: [], removed: [] };
    if (pending && pending.record.id === entry.id && equalBytes(pending.record.commit, entry.payload)) {
      batch.pendingSettled = true;
      if (!group) batch.record.joinedSequence = entry.sequence;
      batch.record.generation = entry.generation;
      batch.record.selfUpdatedAt = Date.now();
      batch.record.mustSelfUpdate = false;
      batch.release(() => pending.release());
      batch.beginEpoch(entry, pending.next, pending.record);
    } else if (group && entry.sequence === batch.record.joinedSequence && group.epoch === entry.epoch + 1) {
      batch.beginEpoch(entry, group, noChange);
    } else if (group) {
      if (!(await this.applyOthersCommit(batch, entry, group))) return;
    } else {
      batch.stopped = true;
      return;
    }
    batch.keep(entry, hash, { kind: "commit", content: null, reason: null });
  }

  /** False when the commit cannot be followed: this device is lost from here on. */
  private async applyOthersCommit(
    batch: LogBatch,
    entry: HashedEntry,
    group: NonNullable<LogBatch["group"]>,
  ): Promise<boolean> {
    try {
      if (entry.generation !== group.generation || entry.epoch !== group.epoch) throw new SottoError("commit-invalid");
      const applied = await this.core.engine.applyCommit(group, entry.payload, this.hooks.policy());
      if (applied.committer.device !== entry.sender.device || applied.selfRemoved)
        throw new SottoError("commit-invalid");
      batch.pendingSettled = this.state.pending !== undefined;
      batch.release(() => applied.release());
      const devices = (members: typeof applied.added) => members.map((member) => member.device);
      batch.beginEpoch(entry, applied.group, { added: devices(applied.added), removed: devices(applied.removed) });
      return true;
    } catch (error) {
      if (!(error instanceof SottoError)) throw error;
      batch.record.lostAt = Date.now();
      batch.pendingSettled = this.state.pending !== undefined;
      batch.stopped = true;
      return false;
    }
  }

  private takeOwnMessage(batch: LogBatch, entry: HashedEntry, hash: Uint8Array): void {
    const own = this.hooks.takeOwn(entry);
    if (!own && entry.number > batch.record.lastNumber) {
      batch.record.lostAt = Date.now();
      batch.stopped = true;
      batch.tell(() =>
        this.core.report({ code: "state-lost", conversation: entry.conversation, sequence: entry.sequence }),
      );
      return;
    }
    batch.continueHash(hash);
    if (!own) {
      batch.keep(entry, hash, { kind: "unopened", content: null, reason: "not-followed" });
      return;
    }
    batch.keep(entry, hash, { kind: "message", content: own.content, reason: null });
    batch.write(...own.changes);
    batch.tell(() => own.stored());
  }

  private async takeMessage(batch: LogBatch, entry: HashedEntry, hash: Uint8Array): Promise<void> {
    const opened = await openEntry(this.core.engine, batch.group!, batch.record, entry);
    if (opened.group) batch.group = opened.group;
    if (opened.release) batch.release(opened.release);
    batch.continueHash(hash);
    if ("reason" in opened) {
      const kept = batch.keep(entry, hash, { kind: "unopened", content: null, reason: opened.reason });
      batch.tell(() => this.hooks.unopened(kept, opened.reason));
      return;
    }
    const { message, content, skipped } = opened;
    batch.record.senders[entry.sender.device] = { number: entry.number, contentHash: message.contentHash };
    const kept = batch.keep(entry, hash, { kind: "message", content: message.content, reason: null });
    batch.tell(() => {
      const { conversation, sequence, sender } = entry;
      if (skipped) this.core.report({ code: "messages-missing", conversation, sequence, ...sender });
      this.hooks.listSeen(entry, message.deviceList);
      this.hooks.opened(kept, content);
    });
  }

  /** Retention has removed what would have to be followed: only being added again helps. */
  private loseTrack(): Promise<void> {
    return this.state.queue.run(async () => {
      await this.state.commit({ record: { lostAt: Date.now() } });
      this.hooks.lost();
    });
  }
}
