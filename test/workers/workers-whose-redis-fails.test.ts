import { expect } from "chai";
import { createClient } from "redis";
import type { LogFields } from "../../src/actors/ports/telemetry.ts";
import type { Store } from "../../src/actors/ports/store.ts";
import { MemoryPresence } from "../../src/cluster/memory-presence.ts";
import { jobsPrefix, queueNames } from "../../src/jobs/queues.ts";
import { createMetrics, type NodeMetrics } from "../../src/observability/metrics.ts";
import { openMysqlStore } from "../../src/store/mysql/mysql-store.ts";
import { runWorkers, type RunningWorkers } from "../../workers/main.ts";
import { eventually } from "../support/eventually.ts";
import { FlakyLink } from "../support/flaky-link.ts";
import { RedisServer } from "../support/servers/redis-server.ts";
import { sharedMariaDb } from "../support/servers/shared-servers.ts";
import { silentDelivery } from "../support/silent-delivery.ts";

describe("workers whose Redis fails", function () {
  this.timeout(80_000);
  let redis: RedisServer;
  let store: Store;
  let workers: RunningWorkers;
  let metrics: NodeMetrics;
  /** What the log says of queues, with the queue's name. */
  let lines: string[];
  beforeEach(async () => {
    redis = await RedisServer.start();
    store = openMysqlStore({ url: await (await sharedMariaDb()).newDatabase(), retentionDays: 90 });
    await store.migrate();
    metrics = createMetrics();
    lines = [];
  });
  afterEach(async () => {
    await workers.close();
    metrics.close();
    await store.close();
    await redis.end();
  });

  function startWorkers(redisUrl: string): void {
    const write = (event: string, { reason }: LogFields = {}) =>
      void (event.startsWith("queue.") && lines.push(`${event} ${reason}`));
    const log = { debug: write, info: write, warn: write, error: write };
    const ports = { store, delivery: silentDelivery, presence: new MemoryPresence(), telemetry: { log, metrics } };
    workers = runWorkers(ports, { redisUrl, undeliveredTtlMs: 1e10, stopWithinMs: 1000 });
  }
  /** Resolves when a sweep has had a turn, by way of Redis, that began after this time. */
  async function turnAfter(time: number, withinMs: number): Promise<void> {
    await eventually(async () => {
      const direct = createClient({ url: redis.url, socket: { reconnectStrategy: false } });
      direct.on("error", () => undefined);
      await direct.connect();
      // A worker that begins a turn writes down when the next one is.
      const next = await direct.zScore(`${jobsPrefix}:sweeps:repeat`, "ring").finally(() => direct.destroy());
      expect(next ?? 0).to.be.greaterThan(time + 1000);
    }, withinMs);
  }
  const errorsOf = async (queue: string) =>
    Number(
      new RegExp(`^sotto_queue_errors_total{queue="${queue}"} (\\d+)$`, "m").exec((await metrics.expose()).text)?.[1],
    );
  const queues = Object.values(queueNames);

  it("give a connection up that takes all and answers nothing more, and work again over a new one", async () => {
    const link = await FlakyLink.to(redis);
    startWorkers(`redis://127.0.0.1:${new URL(link.url).port}`);
    await turnAfter(0, 10_000);
    link.silence();
    await turnAfter(Date.now() + 4000, 35_000);
    // The connection that adds jobs may come back a while after the one that works them off.
    await eventually(async () => expect(await workers.countJobs()).to.have.property("sweeps"), 30_000);
    await link.close();
  });

  it("say so once, count what they hear of it, and say when it is back", async () => {
    startWorkers(redis.url);
    await turnAfter(0, 10_000);
    expect(lines).to.deep.equal([]);
    await redis.kill();
    await eventually(async () => {
      for (const queue of queues) expect(await errorsOf(queue), queue).to.be.greaterThan(5);
    }, 20_000);
    expect(lines.toSorted()).to.deep.equal(["queue.lost sweeps", "queue.lost wakes"]);
    await redis.startAgain();
    await eventually(() => {
      for (const queue of queues) expect(lines).to.include(`queue.returned ${queue}`);
    }, 20_000);
    await turnAfter(Date.now(), 20_000);
    expect(lines).to.have.length(4);
    await workers.close();
    expect(lines, "an end that was asked for is no loss").to.have.length(4);
  });
});
