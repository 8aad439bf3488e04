/**
 * A device that was registered a moment ago may not have published key packages yet, and nobody tells when it has: a direct that waits
 * for them is tried again, ever more seldom.
 */
import { delay } from "../async/waiting.ts";
import type { ClientCore } from "../core.ts";

/** Each pause is twice the last, up to so many doublings. */
const doublings = 8;

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
    const pauses = 2 ** Math.min(this.tries++, doublings) * (1 + Math.random() / 2);
    const isOver = await delay(this.core.timings.rosterPatienceMs * pauses, this.core.closing).then(
      () => false,
      () => true,
    );
    this.isWaiting = false;
    if (!isOver) this.tryAgain();
  }
}
