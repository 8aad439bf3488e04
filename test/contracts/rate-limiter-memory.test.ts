import { expect } from "chai";
import { MemoryRateLimiter } from "../../src/cluster/memory-rate-limiter.ts";
import { generousRates } from "../support/gateway-node.ts";
import { rateLimiterContract } from "./rate-limiter.contract.ts";

const rates = {
  ...generousRates,
  request: { amount: 10, periodMs: 1000 },
  claim: { amount: 4, periodMs: 1000 },
};

describe("the rate limiter in memory", () => {
  rateLimiterContract(() => {
    let now = 1_700_000_000_000;
    const limiter = new MemoryRateLimiter(rates, { now: () => now });
    return {
      limiter,
      pass: (ms) => {
        now += ms;
      },
      end: () => undefined,
    };
  });

  it("keeps no more buckets than it may, and the busy ones longest", () => {
    const limiter = new MemoryRateLimiter(rates, { now: () => 1000, capacity: 100 });
    for (let subject = 0; subject < 1000; subject += 1) {
      limiter.take("request", "busy");
      limiter.take("request", `subject ${subject}`);
    }
    expect(limiter.size).to.equal(100);
    expect(limiter.take("request", "busy")).to.be.greaterThan(0);
  });

  it("forgets buckets that are full again", () => {
    let now = 1000;
    const limiter = new MemoryRateLimiter(rates, { now: () => now });
    for (let subject = 0; subject < 100; subject += 1) limiter.take("request", `subject ${subject}`);
    now += 1000;
    for (let turn = 0; turn < 100; turn += 1) limiter.take("claim", "somebody");
    expect(limiter.size).to.equal(1);
  });
});
