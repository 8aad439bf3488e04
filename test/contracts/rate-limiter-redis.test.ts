import { expect } from "chai";
import { silentTelemetry } from "../../src/actors/ports/silent-telemetry.ts";
import { MemoryRateLimiter } from "../../src/cluster/memory-rate-limiter.ts";
import { RedisConnection } from "../../src/cluster/redis-connection.ts";
import { RedisRateLimiter } from "../../src/cluster/redis-rate-limiter.ts";
import { RedisServer } from "../support/servers/redis-server.ts";
import { generousRates } from "../support/gateway-node.ts";
import { rateLimiterContract } from "./rate-limiter.contract.ts";

const rates = { ...generousRates, request: { amount: 10, periodMs: 1000 }, claim: { amount: 4, periodMs: 1000 } };
const all = new Set(Object.keys(rates) as (keyof typeof rates)[]);

describe("the rate limiter over Redis", () => {
  let redis: RedisServer;
  const connections: RedisConnection[] = [];
  before(async () => {
    redis = await RedisServer.start();
  });
  after(() => redis.end());
  afterEach(() => {
    for (const connection of connections.splice(0)) connection.close();
  });

  async function open(now?: () => number) {
    await redis.flush();
    const connection = new RedisConnection({ url: redis.url, telemetry: silentTelemetry, name: "test" });
    connections.push(connection);
    await connection.whenReady();
    return new RedisRateLimiter(connection, rates, {
      alone: new MemoryRateLimiter(rates),
      shared: all,
      ...(now && { now }),
    });
  }

  rateLimiterContract(async () => {
    let now = Date.now();
    return {
      limiter: await open(() => now),
      pass: (ms) => void (now += ms),
      end: () => undefined,
    };
  });

  it("is one for all nodes, leaves no key behind, and decides alone when Redis does not answer", async () => {
    const [one, other] = [await open(), await open()];
    expect(await one.take("claim", "a", 3)).to.equal(0);
    expect(await other.take("claim", "a", 2)).to.be.greaterThan(0);
    expect(await redis.keys()).to.deep.equal(["sotto:limit:claim:a"]);
    redis.pause();
    const startedAt = performance.now();
    expect(await one.take("claim", "b", 4)).to.equal(0);
    expect(await one.take("claim", "b", 4)).to.be.greaterThan(0);
    expect(performance.now() - startedAt).to.be.lessThan(1000);
    redis.resume();
    for (const connection of connections) connection.close();
    expect(await other.take("claim", "c")).to.equal(0);
  });
});
