/** `bytes` in each `windowMs`, or all that there is: less holds a slot that others wait for. */
export interface Pace {
  readonly bytes: number;
  readonly windowMs: number;
}

/** Watches that a transfer keeps a pace, window by window from its begin on; calls `tooSlow` once where it does not. */
export class LeastPace {
  private moved = 0;
  private readonly timer: NodeJS.Timeout;

  constructor({ bytes, windowMs }: Pace, tooSlow: () => void) {
    this.timer = setInterval(() => {
      if (this.moved >= bytes) {
        this.moved = 0;
        return;
      }
      this.end();
      tooSlow();
    }, windowMs);
  }

  move(bytes: number): void {
    this.moved += bytes;
  }

  /** May be called twice. */
  end(): void {
    clearInterval(this.timer);
  }
}
