/**
 * Tells the node how far this device has stored the log: signed, cumulative, one at a time, the newest only. The running
 * hash begins anew at each commit, so the end of an epoch is acked by itself before what came after it.
 */
import { toBase64 } from "../../protocol/base64.ts";
import { limits } from "../../protocol/limits.ts";
import type { UnopenedReason } from "../../protocol/receipts.ts";
import { WakeLoop } from "../async/wake-loop.ts";
import { pauseBeforeRetry, reportFailure, type ClientCore } from "../core.ts";
import type { ConversationState } from "./conversation-state.ts";
import { rangesUpTo } from "./sequence-ranges.ts";

export class AckSender {
  private readonly core: ClientCore;
  private readonly state: ConversationState;
  private readonly heard: () => void;
  private readonly loop: WakeLoop;
  /** How far the node has heard, in this session of the client. */
  private acked = 0;
  /** What could not be opened, and was not told yet; by reason. */
  private failures = new Map<UnopenedReason, number>();

  constructor(core: ClientCore, state: ConversationState, heard: () => void) {
    this.core = core;
    this.state = state;
    this.heard = heard;
    this.loop = new WakeLoop(
      () => this.ackAll(),
      (error) => reportFailure(core, error, { conversation: state.id }),
    );
  }

  /** How far the node has heard, as far as this session of the client knows. */
  get position(): number {
    return this.acked;
  }

  /** What the node says it knows; after a lost ack it is less than was sent. */
  noteAcked(position: number): void {
    this.acked = position;
  }

  /** A message could not be opened: the operator sees how many, with the next ack. */
  noteFailure(reason: UnopenedReason): void {
    const count = (this.failures.get(reason) ?? 0) + 1;
    this.failures.set(reason, Math.min(count, limits.logEntriesPerPage));
  }

  /** Acks what has been stored since. Failures are left to the next call, or to the next sync. */
  wake(): void {
    this.loop.wake();
  }

  /** Resolves when nothing is left to ack, or nothing can be. */
  settled(): Promise<void> {
    return this.loop.settled();
  }

  private async ackAll(): Promise<void> {
    for (let attempt = 0; !this.core.closing.aborted;) {
      const due = this.nextDue();
      if (!due) return;
      const ack = {
        conversation: this.state.id,
        ...due,
        unopened: rangesUpTo(this.state.record.unopened, due.sequence),
      };
      const signature = toBase64(this.core.own.signAck(ack));
      const failures = [...this.failures].map(([reason, count]) => ({ reason, count }));
      try {
        const signed = { ...ack, logHash: toBase64(due.logHash), signature };
        this.failures = new Map();
        await this.core.connection.request("message:ack", { ...signed, ...(failures.length > 0 && { failures }) });
        this.acked = Math.max(this.acked, due.sequence);
        this.heard();
        attempt = 0;
      } catch (error) {
        await pauseBeforeRetry(this.core, error, attempt++);
      }
    }
  }

  private nextDue(): { sequence: number; logHash: Uint8Array } | undefined {
    const { position: sequence, logHash, joinedSequence, epochEnds, unfollowed } = this.state.record;
    if (joinedSequence === 0) return undefined;
    const isDue = (end: { sequence: number }): boolean => end.sequence > this.acked && end.sequence >= joinedSequence;
    // What comes after a commit that nobody can follow is acked when it is known how the log goes on.
    const latest = logHash && !unfollowed?.passed && isDue({ sequence }) ? { sequence, logHash } : undefined;
    return epochEnds.find(isDue) ?? latest;
  }
}
