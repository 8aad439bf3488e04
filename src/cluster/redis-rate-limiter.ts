/**
 * Token buckets that all nodes take from. Buckets of a device stay within the node that has its socket: there is one, and a
 * question to Redis for every request would cost more than the request. When Redis does not answer soon, the node's own
 * buckets decide: a limit is then as many times higher as there are nodes.
 */
import type { RateBucket, RateLimiter } from "../actors/ports/rate-limiter.ts";
import { keys } from "./keys.ts";
import type { Rates } from "./memory-rate-limiter.ts";
import { withPatience, type RedisClient, type RedisConnection } from "./redis-connection.ts";

const sharedBuckets: ReadonlySet<RateBucket> = new Set([
  "handshake",
  "claim",
  "claimed",
  "conversation",
  "readd",
  "reset",
  "recovery",
  "vault",
  "sign-in",
  "sign-up",
]);
const patienceMs = 200;
/** So long it is not asked again, after it has not answered. */
const silenceMs = 1_000;

/**
 * One key per subject: the time at which its bucket would be full again (GCRA). KEYS: the bucket. ARGV: the cost in
 * milliseconds of refill, the whole bucket in the same, the time or "" for that of Redis. Answers the milliseconds to wait, 0 when the cost was taken.
 */
const takeScript = `
local time = redis.call("TIME")
local now = tonumber(ARGV[3]) or time[1] * 1000 + time[2] / 1000
local full = tonumber(redis.call("GET", KEYS[1]) or now)
if full < now then full = now end
local taken = full + tonumber(ARGV[1])
local wait = taken - now - tonumber(ARGV[2])
if wait > 0.0001 then return math.max(1, math.ceil(wait)) end
redis.call("SET", KEYS[1], string.format("%.3f", taken), "PX", math.ceil(taken - now) + 60000)
return 0`;

export interface RedisLimiterOptions {
  /** Decides for the buckets of a device, and for all while Redis is away. */
  alone: RateLimiter;
  shared?: ReadonlySet<RateBucket>;
  /** Instead of the clock of Redis, which all nodes have in common. */
  now?: () => number;
}

export class RedisRateLimiter implements RateLimiter {
  private readonly client: RedisClient;
  private readonly rates: Rates;
  private readonly alone: RateLimiter;
  private readonly shared: ReadonlySet<RateBucket>;
  private readonly now: () => number | "";
  private silentUntil = 0;

  constructor({ client }: RedisConnection, rates: Rates, { alone, shared = sharedBuckets, now }: RedisLimiterOptions) {
    this.client = client;
    this.rates = rates;
    this.alone = alone;
    this.shared = shared;
    this.now = now ?? (() => "");
  }

  take(bucket: RateBucket, subject: string, cost = 1): Promise<number> | number {
    const isSilent = performance.now() < this.silentUntil;
    if (!this.shared.has(bucket) || !this.client.isReady || isSilent) return this.alone.take(bucket, subject, cost);
    return this.takeShared(bucket, subject, cost);
  }

  private async takeShared(bucket: RateBucket, subject: string, cost: number): Promise<number> {
    const { amount, periodMs } = this.rates[bucket];
    const costMs = (Math.min(cost, amount) / amount) * periodMs;
    try {
      const asked = this.client.eval(takeScript, {
        keys: [keys.limit(bucket, subject)],
        arguments: [String(costMs), String(periodMs), String(this.now())],
      });
      return Number(await withPatience(asked, patienceMs));
    } catch {
      this.silentUntil = performance.now() + silenceMs;
      return this.alone.take(bucket, subject, cost);
    }
  }
}
