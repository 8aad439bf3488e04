import { createClient } from "redis";
import type { Telemetry } from "../actors/ports/silent-telemetry.ts";

export interface RedisOptions {
  url: string;
  telemetry: Telemetry;
  /** What it is for, in a word, for the log. */
  name: string;
  /** Whether a command waits for a connection that is lost, for a while. One that is only a doorbell does not. */
  waits?: boolean;
}

/** How long a command may wait to be sent; once it is sent only `withPatience` ends the wait for its answer. */
const waitToSendMs = 5_000;
/** A server that is there and says nothing counts as lost after this. */
const silenceMs = { ping: 3_000, lost: 8_000 };
const longestPauseMs = 2_000;
/** Commands that may wait at once: what is beyond is refused, so that an outage fills no memory. */
const queuedAtMost = 20_000;

function createOne({ url, waits = true }: RedisOptions) {
  return createClient({
    url,
    disableOfflineQueue: !waits,
    commandsQueueMaxLength: queuedAtMost,
    // A timer for each command costs more than the command: what does not wait needs none.
    commandOptions: { timeout: waits ? waitToSendMs : 0 },
    pingInterval: silenceMs.ping,
    socket: {
      connectTimeout: 3_000,
      socketTimeout: silenceMs.lost,
      // It never gives up: a node serves without Redis, and takes it up again whenever it comes.
      reconnectStrategy: (retries) =>
        Math.min(50 * 2 ** Math.min(retries, 6), longestPauseMs) * (0.5 + Math.random() / 2),
    },
  });
}

export type RedisClient = ReturnType<typeof createOne>;

/** What `work` resolves with, or a rejection after so long. What the server does with it in the end, nobody hears. */
export function withPatience<T>(work: Promise<T>, patienceMs: number): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`Redis did not answer within ${patienceMs} ms.`)), patienceMs);
    work.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}

/**
 * A connection that comes and goes. Does not wait for the first one: commands fail, or wait, until it is there. Every failure
 * is somebody's to catch but those of the connection itself: a line in the log for each loss and each return.
 */
export class RedisConnection {
  readonly client: RedisClient;
  private readonly telemetry: Telemetry;
  private readonly name: string;
  private isLost = false;
  private returnedAt = -Infinity;

  constructor(options: RedisOptions) {
    this.telemetry = options.telemetry;
    this.name = options.name;
    this.client = createOne(options);
    this.client.on("error", (error: unknown) => this.lost(error));
    this.client.on("ready", () => this.returned());
    this.client.connect().catch(() => undefined);
  }

  get isReady(): boolean {
    return this.client.isReady;
  }

  /** Whether it was away at any time within so long; before it was there for the first time, too. */
  wasAwayWithin(ms: number): boolean {
    return !this.isReady || performance.now() - this.returnedAt < ms;
  }

  /** Resolves when it is connected, for the first time or again. */
  whenReady(): Promise<void> {
    if (this.client.isReady) return Promise.resolve();
    return new Promise((resolve) => this.client.once("ready", () => resolve()));
  }

  close(): void {
    this.client.destroy();
  }

  private lost(error: unknown): void {
    // A command that failed, such as a ping, on a connection that is there.
    if (this.isLost || this.client.isReady) return;
    this.isLost = true;
    this.telemetry.log.warn("redis.lost", { reason: this.name, error });
  }

  private returned(): void {
    if (this.isLost) this.telemetry.log.info("redis.returned", { reason: this.name });
    this.isLost = false;
    this.returnedAt = performance.now();
  }
}
