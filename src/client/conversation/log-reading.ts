/**
 * Reads the log to its end, also where the node's is not the one that this device holds: then it is mended first, and what
 * was told of the part that had been lost is told again.
 */
import { SottoError } from "../../protocol/errors.ts";
import type { ConversationSummary } from "../../protocol/requests.ts";
import type { ClientCore } from "../core.ts";
import type { ConversationState } from "./conversation-state.ts";
import type { LogFollower } from "./log-follower.ts";
import { LogRepair, tellsOfLoss } from "./log-repair.ts";
import type { ReceiptBook } from "./receipt-book.ts";

export interface ReadingParts {
  follower: LogFollower;
  book: ReceiptBook;
  /** Makes sure that the node has the conversation at all. */
  summary(): Promise<ConversationSummary>;
  /** Whether this device knows where its log begins. */
  holds(summary: ConversationSummary): boolean;
  /** The log goes another way after a sequence. */
  rewoundTo(sequence: number): void;
  /** Acks, what was read, and messages that are not in the log. `known`: what the node says it has of this device. */
  tellAgain(known: ConversationSummary): void;
  /** Only being added again helps. */
  lost(): Promise<void>;
}

export class LogReading {
  private readonly core: ClientCore;
  private readonly state: ConversationState;
  private readonly parts: ReadingParts;
  private readonly repair: LogRepair;
  private mending: Promise<void> | undefined;

  constructor(core: ClientCore, state: ConversationState, parts: ReadingParts) {
    this.core = core;
    this.state = state;
    this.parts = parts;
    this.repair = new LogRepair(core, state);
  }

  catchUp(): Promise<void> {
    return this.mendIfLost(this.parts.follower.catchUp());
  }

  /** By a reading that begins after this call. */
  catchUpAfresh(): Promise<void> {
    return this.mendIfLost(this.parts.follower.catchUpAfresh());
  }

  private async mendIfLost(reading: Promise<void>): Promise<void> {
    const { beganSequence } = this.state.record;
    try {
      await reading;
    } catch (error) {
      if (!(error instanceof SottoError) || !tellsOfLoss.has(error.code)) throw error;
      // This device was added anew meanwhile: what was read is not where it stands.
      if (!this.state.canSeal || this.state.record.beganSequence !== beganSequence) return;
      this.mending ??= this.mend().finally(() => (this.mending = undefined));
      await this.mending;
    }
  }

  private async mend(): Promise<void> {
    const { parts } = this;
    const conversation = this.state.id;
    // It was added again, and its log begins anew: that is none to mend.
    const known = await parts.summary();
    if (!parts.holds(known)) return;
    this.core.report({ code: "diverged", conversation });
    const repair = await this.repair.repair();
    if (repair.outcome === "lost") return parts.lost();
    if (repair.outcome === "rewound") parts.rewoundTo(repair.agreed);
    await parts.book.startOver(repair.agreed);
    await parts.follower.catchUpAfresh();
    parts.tellAgain(known);
    const orphans = await this.repair.orphans();
    for (const { sequence, sender } of orphans) {
      this.core.report({ code: "messages-missing", conversation, sequence, ...sender });
    }
    // This device's numbers are ahead of what the node knows.
    if (orphans.some(({ sender }) => sender.device === this.core.own.device)) await parts.lost();
  }
}
