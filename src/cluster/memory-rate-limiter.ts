/**
 * Token buckets within one node. A bucket that would be full again is the same as none, and is forgotten; beyond the number
 * of buckets that are kept, the one that was used longest ago goes.
 */
import type { RateBucket, RateLimiter } from "../actors/ports/rate-limiter.ts";

/** `amount` at once at most, and `amount` in each period over time. */
export interface Rate {
  amount: number;
  periodMs: number;
}
export type Rates = Readonly<Record<RateBucket, Rate>>;

interface Bucket {
  tokens: number;
  at: number;
  periodMs: number;
}

const bucketsAtMost = 100_000;
/** Stale buckets looked at on each take: more than are made by it, so that their number falls. */
const lookedAtPerTake = 2;

export class MemoryRateLimiter implements RateLimiter {
  /** In the order of last use. */
  private readonly buckets = new Map<string, Bucket>();
  private readonly rates: Rates;
  private readonly now: () => number;
  private readonly capacity: number;

  constructor(rates: Rates, options: { now?: () => number; capacity?: number } = {}) {
    this.rates = rates;
    this.now = options.now ?? Date.now;
    this.capacity = options.capacity ?? bucketsAtMost;
  }

  take(name: RateBucket, subject: string, cost = 1): number {
    const { amount, periodMs } = this.rates[name];
    const key = `${name} ${subject}`;
    const now = this.now();
    const bucket = this.buckets.get(key) ?? { tokens: amount, at: now, periodMs };
    const refilled = Math.min(amount, bucket.tokens + (Math.max(0, now - bucket.at) / periodMs) * amount);
    const wanted = Math.min(cost, amount);
    const isEnough = refilled >= wanted;
    this.buckets.delete(key);
    this.buckets.set(key, { tokens: isEnough ? refilled - wanted : refilled, at: now, periodMs });
    this.forget(now);
    return isEnough ? 0 : Math.max(1, Math.ceil(((wanted - refilled) / amount) * periodMs));
  }

  get size(): number {
    return this.buckets.size;
  }

  private forget(now: number): void {
    let looked = 0;
    for (const [key, bucket] of this.buckets) {
      const isStale = now - bucket.at >= bucket.periodMs;
      if (isStale || this.buckets.size > this.capacity) this.buckets.delete(key);
      if (++looked >= lookedAtPerTake && this.buckets.size <= this.capacity) return;
    }
  }
}
