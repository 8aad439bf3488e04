/**
 * Work that is done again as long as somebody asks for it, one run at a time. A wake during a run is never lost: whether to
 * end is decided in the same breath as ending.
 */
export class WakeLoop {
  private readonly work: () => Promise<void>;
  private readonly failed: (error: unknown) => void;
  private woken = false;
  private running: Promise<void> | undefined;

  constructor(work: () => Promise<void>, failed: (error: unknown) => void) {
    this.work = work;
    this.failed = failed;
  }

  wake(): void {
    this.woken = true;
    this.running ??= this.run();
  }

  /** Resolves when nothing is asked for any more. Never rejects. */
  async settled(): Promise<void> {
    await this.running;
  }

  private async run(): Promise<void> {
    await Promise.resolve();
    while (this.woken) {
      this.woken = false;
      try {
        await this.work();
      } catch (error) {
        this.failed(error);
      }
    }
    this.running = undefined;
  }
}
