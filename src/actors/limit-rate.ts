import { SottoError } from "../protocol/errors.ts";
import type { RateBucket, RateLimiter } from "./ports/rate-limiter.ts";

/** Takes `cost` from a bucket. Throws `rate-limited`, with the time to wait. */
export async function limitRate(limiter: RateLimiter, bucket: RateBucket, subject: string, cost = 1): Promise<void> {
  const retryAfterMs = await limiter.take(bucket, subject, cost);
  if (retryAfterMs > 0) throw new SottoError("rate-limited", { retryAfterMs });
}
