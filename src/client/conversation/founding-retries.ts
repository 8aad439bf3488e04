/**
 * A device that was registered a moment ago may not have published key packages yet, and nobody tells when it has: a direct that waits
 * for them is tried again, ever more seldom.
 */
import { backoffMs, passes } from "../async/waiting.ts";
import type { ClientCore } from "../core.ts";

/** The first pause in turns of roster patience, and the longest. */
const pauses = { first: 2, longest: 512 };

export class FoundingRetries {
  private readonly core: ClientCore;
  private readonly tryAgain: () => void;
  private isWaiting = false;
  private tries = 0;

  constructor(core: ClientCore, tryAgain: () => void) {
    this.core = core;
    this.tryAgain = tryAgain;
  }

  /** There were devices, and no package of any. */
  noteEmpty(): void {
    if (!this.isWaiting) void this.wait();
  }

  /** There may be other devices now. */
  begin(): void {
    this.tries = 0;
  }

  private async wait(): Promise<void> {
    this.isWaiting = true;
    const { rosterPatienceMs } = this.core.timings;
    const ms = backoffMs(this.tries++, pauses.first * rosterPatienceMs, pauses.longest * rosterPatienceMs);
    const isTime = await passes(ms, this.core.closing);
    this.isWaiting = false;
    if (isTime) this.tryAgain();
  }
}
