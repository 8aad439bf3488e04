/**
 * Follows the log of one conversation: entries come by push, by the answer to one's own sends, or by reading, in any order
 * and more than once; they are taken in by sequence, each once. A run of entries is stored in one write, then acked.
 * A gap waits a moment (nodes may ring 6 before 5), then is read. There is one way to recover: read from the position.
 */
import { fromBase64, toBase64 } from "../../protocol/base64.ts";
import type { HashedEntry } from "../../identity/log-hash.ts";
import { SottoError } from "../../protocol/errors.ts";
import type { DeviceId } from "../../protocol/ids.ts";
import { limits } from "../../protocol/limits.ts";
import type { LogEntry } from "../../protocol/log-entry.ts";
import { WakeLoop } from "../async/wake-loop.ts";
import { inBackground, reportFailure, type ClientCore } from "../core.ts";
import type { ConversationState } from "./conversation-state.ts";
import { asGone, asItStood } from "./erased-senders.ts";
import { LogBatch, type GroupFact } from "./log-batch.ts";
import { LogIntake, type IntakeHooks } from "./log-intake.ts";

export interface FollowerHooks extends IntakeHooks {
  /** The position moved: an ack is due, receipts that waited may hold now. */
  advanced(): void;
  /** The roster changed, `joined` being added or added again, or a commit that waited has been settled: messages that waited may go. */
  groupMoved(joined: ReadonlySet<DeviceId>): void;
  /** What is to be seen of the group has changed. */
  changed(facts: ReadonlySet<GroupFact>): void;
  /** The group cannot be followed any more. */
  lost(): void;
}

const runLength = 64;
const arrivalsKept = 1024;

export class LogFollower {
  private readonly core: ClientCore;
  private readonly state: ConversationState;
  private readonly hooks: FollowerHooks;
  private readonly intake: LogIntake;
  private readonly arrivals = new Map<number, LogEntry>();
  private readonly pump: WakeLoop;
  private reading: Promise<void> | undefined;
  private gapTimer: ReturnType<typeof setTimeout> | undefined;

  constructor(core: ClientCore, state: ConversationState, hooks: FollowerHooks) {
    this.core = core;
    this.state = state;
    this.hooks = hooks;
    this.intake = new LogIntake(core, hooks);
    this.pump = new WakeLoop(
      () => this.pumpAll(),
      (error) => reportFailure(core, error, { conversation: state.id }),
    );
    core.closing.addEventListener("abort", () => clearTimeout(this.gapTimer));
  }

  /** Takes an entry as it arrives. Those already stored are ignored; too many ahead are left for reading. */
  post(entry: LogEntry): void {
    if (entry.sequence <= this.state.record.position || this.arrivals.size >= arrivalsKept) return;
    this.arrivals.set(entry.sequence, entry);
    this.pump.wake();
  }

  /** Reads on until nothing is left. Errors: those of the connection, and `diverged`. */
  catchUp(): Promise<void> {
    this.reading ??= this.readAll().finally(() => {
      this.reading = undefined;
      if (this.arrivals.size > 0) this.pump.wake();
    });
    return this.reading;
  }

  /** The same, by a reading that begins after this call: it sees what the node has answered before. */
  async catchUpAfresh(): Promise<void> {
    await this.reading?.catch(() => undefined);
    return this.catchUp();
  }

  /** Resolves when everything that has arrived is stored. */
  async settled(): Promise<void> {
    await this.pump.settled();
    await this.state.queue.idle();
  }

  private async pumpAll(): Promise<void> {
    for (;;) {
      const run = this.nextRun();
      if (run.length === 0) break;
      await this.take(run, false);
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
    if (!pending || (group && !this.state.founds)) return record.position + 1;
    const founding = [...this.arrivals.values()].find((entry) => entry.id === pending.record.id);
    return founding?.sequence ?? record.position + 1;
  }

  private askForGap(): void {
    if (this.gapTimer !== undefined || this.core.closing.aborted || !this.state.isMember) return;
    const { gapMs } = this.core.timings;
    this.gapTimer = setTimeout(
      () => {
        this.gapTimer = undefined;
        inBackground(this.core, this.catchUp(), { conversation: this.state.id });
      },
      gapMs + (Math.random() * gapMs) / 2,
    );
  }

  private async readAll(): Promise<void> {
    for (;;) {
      await this.settled();
      const { position, positionHash, joinedSequence } = this.state.record;
      const waitsForOwn = this.state.founds && this.state.record.left === null;
      if (!(this.state.canRead || waitsForOwn) || (joinedSequence === 0 && !this.state.pending)) return;
      const page = await this.core.connection.request("log:read", {
        conversation: this.state.id,
        after: position,
        ...(positionHash ? { afterHash: toBase64(positionHash) } : {}),
        limit: limits.logEntriesPerPage,
      });
      if (position > page.head) throw new SottoError("diverged");
      if (page.floor > position && joinedSequence > 0 && page.floor >= joinedSequence) return this.loseTrack();
      if (page.entries.length === 0) return;
      await this.take(page.entries, true);
      if (this.state.record.position === position) return;
      if (this.state.record.position >= page.head) return;
    }
  }

  /** Stores a run of entries; those that do not follow on are left out. */
  private take(entries: readonly LogEntry[], areRead: boolean): Promise<void> {
    return this.state.queue.run(async () => {
      const batch = new LogBatch(this.state, this.core.store);
      for (const wire of entries) {
        const entry = this.named(batch, { ...wire, payload: fromBase64(wire.payload) });
        if (entry.sequence <= batch.record.position) continue;
        const founds = batch.pending?.record.id === entry.id && (!batch.group || this.state.founds);
        if (entry.sequence !== batch.record.position + 1 && !founds) break;
        await this.intake.take(batch, entry, areRead);
        if (batch.stopped) break;
      }
      const { position, lostAt, left } = this.state.record;
      if (batch.record.position === position && batch.record.lostAt === lostAt && batch.record.left === left) return;
      await batch.finish();
      if (batch.record.position > position) this.hooks.advanced();
      if (batch.rosterMoved || batch.pendingSettled) this.hooks.groupMoved(batch.joined);
      if (batch.changed.size > 0) this.hooks.changed(batch.changed);
      if (batch.record.lostAt !== null && lostAt === null) this.hooks.lost();
    });
  }

  /** Of somebody who was erased the tree of the group still has the leaf, or the lists have the device. */
  private named({ group }: LogBatch, entry: HashedEntry): HashedEntry {
    const memberOf = (device: DeviceId) => group?.members.find((member) => member.device === device)?.user;
    return asItStood(entry, (device) => memberOf(device) ?? this.core.directory.ownerOf(device)) ?? asGone(entry);
  }

  /** Retention has removed what would have to be followed: only being added again helps. */
  private loseTrack(): Promise<void> {
    return this.state.queue.run(async () => {
      await this.state.commit({ record: { lostAt: Date.now() } });
      this.hooks.lost();
    });
  }
}
