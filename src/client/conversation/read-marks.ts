/**
 * How far this user has read. What a person has seen here is signed and told: to the senders where the user lets them know, to the
 * user's own devices anyway. Durable: what the node has not heard goes out as soon as it can, the newest mark standing for those before. The
 * running hash begins anew at each commit, so the end of an epoch is marked by itself, as it is acked.
 */
import { toBase64 } from "../../protocol/base64.ts";
import { limits } from "../../protocol/limits.ts";
import type { Receipt } from "../../protocol/receipts.ts";
import { WakeLoop } from "../async/wake-loop.ts";
import { pauseBeforeRetry, reportFailure, type ClientCore } from "../core.ts";
import type { EntryRecord } from "../records.ts";
import type { AckSender } from "./ack-sender.ts";
import type { ConversationState } from "./conversation-state.ts";
import type { Begun } from "./disappearing-messages.ts";
import { entriesBetween } from "./kept-entries.ts";
import { addRange, includesSequence, rangesUpTo, type SequenceRanges } from "./sequence-ranges.ts";
import type { SignedReceipts } from "./signed-receipts.ts";

type ReadReceipt = Extract<Receipt, { kind: "read" }>;

const entriesPerRead = 256;
/** What is hidden is looked for so far back; what lies before it in the same epoch is not said to be read. */
const entriesLookedAt = 2048;

export interface ReadMarksParts {
  acks: AckSender;
  signed: SignedReceipts;
  /** What begins when that which is shown up to a sequence has been read, and is meant. */
  reading: (upTo: number, isMeant: (sequence: number) => boolean) => Promise<Begun>;
  moved: (sequence: number) => void;
}

export class ReadMarks {
  private readonly core: ClientCore;
  private readonly state: ConversationState;
  private readonly acks: AckSender;
  private readonly signed: SignedReceipts;
  private readonly reading: ReadMarksParts["reading"];
  private readonly moved: (sequence: number) => void;
  private readonly loop: WakeLoop;
  /** How far the node has heard, in this session of the client. */
  private marked = 0;
  /** Of another device of this user, for a sequence that this one has not stored yet. */
  private early: ReadReceipt | undefined;

  constructor(core: ClientCore, state: ConversationState, parts: ReadMarksParts) {
    this.core = core;
    this.state = state;
    this.acks = parts.acks;
    this.signed = parts.signed;
    this.reading = parts.reading;
    this.moved = parts.moved;
    this.loop = new WakeLoop(
      () => this.tellAll(),
      (error) => reportFailure(core, error, { conversation: state.id }),
    );
  }

  /** A person has seen everything up to here. Resolves when that is stored. */
  async mark(sequence: number): Promise<void> {
    await this.show(sequence);
    if (await this.advance(sequence, () => true)) this.wake();
  }

  /** Everything up to here was shown on this device, which nobody is told. */
  show(sequence: number): Promise<void> {
    return this.state.queue.run(async () => {
      if (sequence <= (this.state.record.shownSequence ?? 0)) return;
      await this.state.commit({ record: { shownSequence: sequence } });
    });
  }

  /** The node may have lost what it had heard, and knows this much. */
  tellFrom(sequence: number): void {
    this.marked = sequence;
    this.wake();
  }

  /** Tells what has been read since. Failures are left to the next call, or to the next comparison. */
  wake(): void {
    this.loop.wake();
  }

  /** Resolves when nothing is left to tell, or nothing can be. */
  settled(): Promise<void> {
    return this.loop.settled();
  }

  /** What the node says it knows. What this user read on another device is asked for. Errors: those of the connection. */
  async compare(sequence: number): Promise<void> {
    this.marked = sequence;
    if (sequence > this.state.record.readSequence) {
      const { mark } = await this.core.connection.request("marks:read", { conversation: this.state.id });
      if (mark) await this.take(mark);
    }
    this.wake();
  }

  /** Another device of this user says how far it has read. One that it did not sign is dropped. */
  async take(receipt: Receipt): Promise<void> {
    if (receipt.kind !== "read" || receipt.user !== this.core.own.user) return;
    const { sequence, unopened } = receipt.mark;
    const { readSequence } = this.state.record;
    if (sequence <= readSequence) return;
    const proof = await this.signed.prove(receipt);
    if (proof === "early") this.early = receipt;
    // What lies before this device was added it cannot compare, nor count as unread.
    if (proof !== "holds" && proof !== "unknown") return;
    this.marked = Math.max(this.marked, sequence);
    // It speaks of its own epoch. What lies before that, earlier marks have spoken of, but for what none has passed.
    const since = Math.min(this.signed.lastCommit(sequence), readSequence);
    await this.advance(sequence, (one) => one > since && !includesSequence(unopened, one));
  }

  /** The log has moved on: a mark that came before its entry may hold now. */
  async retryEarly(): Promise<void> {
    const { early } = this;
    if (!early || early.mark.sequence > this.state.record.position) return;
    this.early = undefined;
    await this.take(early);
  }

  /** What was withheld when a mark passed it, and is shown since, begins with a mark that goes no further. */
  private async advance(sequence: number, isMeant: (sequence: number) => boolean): Promise<boolean> {
    const isNew = await this.state.queue.run(async () => {
      const isFurther = sequence > this.state.record.readSequence;
      const begun = await this.reading(sequence, isMeant);
      if (!isFurther && begun.changes.length === 0) return false;
      await this.state.commit(isFurther ? { record: { readSequence: sequence } } : {}, begun.changes);
      begun.stored();
      return isFurther;
    });
    if (isNew) this.moved(sequence);
    return isNew;
  }

  private async tellAll(): Promise<void> {
    for (let attempt = 0; !this.core.closing.aborted;) {
      const sequence = this.nextDue();
      if (sequence === undefined) return;
      const logHash = await this.signed.logHashAt(sequence);
      if (!logHash) {
        // An epoch's end that this device has no more, or never followed: what comes after it can be told all the same.
        if (sequence >= this.state.record.readSequence) return;
        this.marked = Math.max(this.marked, sequence);
        continue;
      }
      const audience = this.core.privacy.readReceipts && !this.isPeerBlocked ? ("all" as const) : ("own" as const);
      const unopened = await this.notReadUpTo(sequence);
      const mark = { conversation: this.state.id, sequence, logHash, unopened, audience };
      const signature = toBase64(this.core.own.signReadMark(mark));
      try {
        await this.core.connection.request("marks:put", { ...mark, logHash: toBase64(logHash), signature });
        this.marked = Math.max(this.marked, sequence);
        attempt = 0;
      } catch (error) {
        await pauseBeforeRetry(this.core, error, attempt++);
      }
    }
  }

  /** The ends of epochs first; nothing that the node has not heard to be stored here. */
  private nextDue(): number | undefined {
    const { readSequence, position, joinedSequence, commits, floor = 0 } = this.state.record;
    if (joinedSequence === 0) return undefined;
    const latest = Math.min(readSequence, position, this.acks.position);
    const from = Math.max(this.marked, joinedSequence - 1, floor);
    const isDue = (end: number): boolean => end > from && end < latest && !commits.includes(end);
    return commits.map((commit) => commit - 1).find(isDue) ?? (latest > from ? latest : undefined);
  }

  private get isPeerBlocked(): boolean {
    const { peer } = this.state.record;
    return peer !== null && this.core.blocks.has(peer);
  }

  /** What this device could not open, and what it does not show: nobody has read that. */
  private async notReadUpTo(sequence: number): Promise<SequenceRanges> {
    let ranges = rangesUpTo(this.state.record.unopened, sequence);
    if (!this.mayHide) return ranges;
    const begin = this.signed.lastCommit(sequence);
    const from = Math.max(begin, sequence - entriesLookedAt);
    const add = (first: number, last: number): void => {
      ranges = addRange(ranges, first, last, limits.unopenedRanges);
    };
    if (from > begin) add(begin + 1, from);
    for (let after = from; after < sequence;) {
      const entries = await entriesBetween(this.core.store, this.state.id, { after, limit: entriesPerRead });
      for (const entry of entries) {
        after = entry.sequence;
        if (after <= sequence && this.isHidden(entry)) add(after, after);
      }
      if (entries.length < entriesPerRead) break;
    }
    return ranges;
  }

  private get mayHide(): boolean {
    const { blocks, directory } = this.core;
    return blocks.users().length > 0 || (this.state.group?.members ?? []).some((member) => directory.isInDoubt(member));
  }

  private isHidden({ sender }: EntryRecord): boolean {
    return this.core.blocks.has(sender.user) || this.core.directory.isInDoubt(sender);
  }
}
