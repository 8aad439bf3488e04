/**
 * How much this node's event loop has to do. Owns one monitor; what is the least important looks at it and is let go first.
 */
import { monitorEventLoopDelay } from "node:perf_hooks";

/** In milliseconds. How often the loop is looked at: an idle one comes round about as often. */
const resolutionMs = 20;
const windowMs = 500;

export class EventLoopPressure {
  private readonly loop = monitorEventLoopDelay({ resolution: resolutionMs });
  private readonly timer: NodeJS.Timeout;
  private meanMs = 0;

  constructor() {
    this.loop.enable();
    this.timer = setInterval(() => this.look(), windowMs).unref();
  }

  /** Mean time between two rounds of the loop, over the last half second. */
  get delayMs(): number {
    return this.meanMs;
  }

  stop(): void {
    clearInterval(this.timer);
    this.loop.disable();
  }

  private look(): void {
    const mean = this.loop.mean / 1e6;
    // No number where it did not come round once.
    this.meanMs = Number.isNaN(mean) ? windowMs : mean;
    this.loop.reset();
  }
}
