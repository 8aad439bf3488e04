/**
 * Brings the group in line with the device lists, again and again until it is. Devices of a user that can certify others go
 * first; the rest wait a moment, so that not everybody commits the same change.
 */
import { SottoError } from "../../protocol/errors.ts";
import { WakeLoop } from "../async/wake-loop.ts";
import { delay } from "../async/waiting.ts";
import { reportFailure, type ClientCore } from "../core.ts";
import type { GroupKeeper } from "./group-keeper.ts";

/**
 * Each pause is twice the last: a device that was just linked may not have published key packages yet. After so many tries it
 * is left to the next comparison with the node.
 */
const tries = 8;

export class RosterAlignment {
  private readonly core: ClientCore;
  private readonly keeper: GroupKeeper;
  private readonly loop: WakeLoop;

  constructor(core: ClientCore, keeper: GroupKeeper) {
    this.core = core;
    this.keeper = keeper;
    this.loop = new WakeLoop(
      () => this.align(),
      (error) => reportFailure(core, error),
    );
  }

  /** A list or the group has changed: see whether they still agree. */
  wake(): void {
    this.loop.wake();
  }

  private async align(): Promise<void> {
    if (!this.keeper.isNextToAlign()) await this.pause(this.keeper.turnsToAlign());
    for (let attempt = 0; attempt < tries && !this.core.closing.aborted; attempt++) {
      if (attempt > 0) await this.pause(2 ** (attempt - 1));
      try {
        // A large group is brought in line in rounds, and each that got on counts as no try.
        while (this.keeper.needsAlignment() && (await this.alignOnce())) continue;
      } catch (error) {
        if (!(error instanceof SottoError) || error.code === "offline") throw error;
      }
      if (!this.keeper.needsAlignment()) return;
    }
  }

  /** Whether the group moved. */
  private async alignOnce(): Promise<boolean> {
    const before = this.keeper.epoch;
    const refused = await this.keeper.alignRoster();
    return refused === undefined && this.keeper.epoch !== before;
  }

  private async pause(rounds: number): Promise<void> {
    const { rosterPatienceMs } = this.core.timings;
    await delay(rosterPatienceMs * (rounds + Math.random()), this.core.closing).catch(() => undefined);
  }
}
