/**
 * Which stretches of the log this device has read. A message is shown as it stands after all that changed it: what lies between it and the
 * end of the log, and was not read here, is read from the node first. What the node has and this device cannot open is asked for again
 * after a while, for the key may come.
 */
import { SottoError } from "../../protocol/errors.ts";
import type { ConversationRecord } from "../records.ts";
import type { ConversationState } from "./conversation-state.ts";
import type { HistoryReader } from "./history-reader.ts";
import { addRange, gapsIn, type SequenceRanges } from "./sequence-ranges.ts";

/** Stretches that are remembered; the lowest beyond that are read again when they are needed. */
const heldAtMost = 256;

export function withHeld(held: ConversationRecord["held"], from: number, to = from): SequenceRanges {
  return addRange(held ?? [], from, to, Infinity).slice(-heldAtMost);
}

export class HeldLog {
  private readonly state: ConversationState;
  private readonly older: HistoryReader;

  constructor(state: ConversationState, older: HistoryReader) {
    this.state = state;
    this.older = older;
  }

  /**
   * Reads what is missing from a sequence on. False: not now, or not all of it. Errors: those of the connection, and `aborted`.
   */
  async complete(from: number, signal?: AbortSignal): Promise<boolean> {
    const missing = (): SequenceRanges => gapsIn(this.known(), from, this.state.logEnd);
    for (const [first, last] of missing().toReversed()) {
      for (let before = last + 1; before > first;) {
        if (signal?.aborted) throw new SottoError("aborted");
        const page = await this.older.before(before, before - first);
        const lowest = page.at(-1)?.sequence;
        if (lowest === undefined) break;
        before = lowest;
      }
    }
    return missing().every(([, last]) => this.older.isOutOfReach(last));
  }

  private known(): SequenceRanges {
    const tried = this.older.triedLately();
    return tried.reduce((known, [from, to]) => addRange(known, from, to, Infinity), this.state.record.held ?? []);
  }
}
