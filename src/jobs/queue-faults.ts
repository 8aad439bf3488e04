import type { Telemetry } from "../actors/ports/silent-telemetry.ts";

/** What was asked for during an outage may still fail this long after it, and says nothing new. */
const settleMs = 10_000;

/**
 * What BullMQ complains of, by queue. While Redis is away that is something every second or two: each counts, and the log has a
 * line for the first of a run and one for its end.
 */
export class QueueFaults {
  private readonly queue: string;
  private readonly telemetry: Telemetry;
  private isLost = false;
  private isClosing = false;
  private settledAt = 0;
  private readonly now: () => number;

  constructor(queue: string, telemetry: Telemetry, now: () => number = Date.now) {
    this.queue = queue;
    this.telemetry = telemetry;
    this.now = now;
  }

  failed(error: unknown): void {
    if (this.isClosing) return;
    this.telemetry.metrics.count("queue_errors", { queue: this.queue });
    if (this.isLost || this.now() < this.settledAt) return;
    this.telemetry.log.warn("queue.lost", { reason: this.queue, error });
    this.isLost = true;
  }

  /** Redis is reached over all of the queue's connections, or has given a job out. */
  worked(): void {
    if (!this.isLost || this.isClosing) return;
    this.telemetry.log.info("queue.returned", { reason: this.queue });
    this.isLost = false;
    this.settledAt = this.now() + settleMs;
  }

  /** From now on connections end because they are to. */
  close(): void {
    this.isClosing = true;
  }
}
