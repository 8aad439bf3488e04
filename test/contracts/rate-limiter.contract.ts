import { expect } from "chai";
import type { RateLimiter } from "../../src/actors/ports/rate-limiter.ts";

/** A limiter with 10 requests and 4 claims a second, and a clock that the test moves. */
export interface LimiterUnderTest {
  limiter: RateLimiter;
  /** Lets so many milliseconds pass for the limiter. */
  pass(ms: number): Promise<void> | void;
  end(): Promise<void> | void;
}

/** What every RateLimiter promises. */
export function rateLimiterContract(open: () => Promise<LimiterUnderTest> | LimiterUnderTest): void {
  let tested: LimiterUnderTest;
  beforeEach(async () => {
    tested = await open();
  });
  afterEach(() => tested.end());

  const takeMany = async (count: number, subject: string) => {
    const waits: number[] = [];
    for (let taken = 0; taken < count; taken += 1) waits.push(await tested.limiter.take("request", subject));
    return waits;
  };

  it("allows as much at once as in one period, then says how long to wait", async () => {
    expect(await takeMany(10, "a")).to.deep.equal(Array(10).fill(0));
    const wait = await tested.limiter.take("request", "a");
    expect(wait).to.be.within(1, 100);
  });

  it("refills evenly, and takes nothing for a refusal", async () => {
    await takeMany(10, "a");
    expect(await takeMany(5, "a").then((waits) => waits.every((wait) => wait > 0))).to.equal(true);
    await tested.pass(150);
    expect(await tested.limiter.take("request", "a")).to.equal(0);
    expect(await tested.limiter.take("request", "a")).to.be.greaterThan(0);
    await tested.pass(1000);
    expect(await takeMany(10, "a")).to.deep.equal(Array(10).fill(0));
  });

  it("keeps subjects and buckets apart", async () => {
    await takeMany(10, "a");
    expect(await tested.limiter.take("request", "b")).to.equal(0);
    expect(await tested.limiter.take("claim", "a")).to.equal(0);
  });

  it("takes a cost at once, or nothing of it", async () => {
    expect(await tested.limiter.take("claim", "a", 3)).to.equal(0);
    expect(await tested.limiter.take("claim", "a", 2)).to.be.within(1, 250);
    expect(await tested.limiter.take("claim", "a", 1)).to.equal(0);
  });

  it("lets a cost beyond the bucket through when the bucket is full", async () => {
    expect(await tested.limiter.take("claim", "a", 50)).to.equal(0);
    expect(await tested.limiter.take("claim", "a", 50)).to.be.within(1, 1000);
  });
}
