import { expect } from "chai";
import { createHmac } from "node:crypto";
import { silentTelemetry } from "../../src/actors/ports/silent-telemetry.ts";
import type { Store } from "../../src/actors/ports/store.ts";
import type { UserId } from "../../src/protocol/ids.ts";
import { MemoryPresence } from "../../src/cluster/memory-presence.ts";
import { WebhookPush } from "../../src/push/webhook-push.ts";
import { deviceRoom } from "../../src/protocol/rooms.ts";
import { openMysqlStore } from "../../src/store/mysql/mysql-store.ts";
import { runWorkers, type RunningWorkers } from "../../workers/main.ts";
import { pauseAfter } from "../../workers/wakes.ts";
import type { WorkerPorts } from "../../workers/worker-ports.ts";
import { eventually } from "../support/eventually.ts";
import { PushReceiver } from "../support/push-receiver.ts";
import { RedisServer } from "../support/servers/redis-server.ts";
import { sharedMariaDb } from "../support/servers/shared-servers.ts";
import { ackBy, foundDirect, messageBy } from "../support/store/store-kit.ts";
import { silentDelivery } from "../support/silent-delivery.ts";

const secret = "a secret of sixteen characters and more";
const times = { delayMs: 100, quietMs: 100, retryMs: 800, longestMs: 60_000 };

describe("pushes to who is away", function () {
  this.timeout(120_000);
  let redis: RedisServer;
  let store: Store;
  let receiver: PushReceiver;
  let presence: MemoryPresence;
  let workers: RunningWorkers[] = [];
  /** Rooms that were rung. */
  const rung: string[] = [];
  before(async () => {
    redis = await RedisServer.start();
    store = openMysqlStore({ url: await (await sharedMariaDb()).newDatabase(), retentionDays: 90 });
    await store.migrate();
  });
  after(async () => {
    await store.close();
    await redis.end();
  });
  beforeEach(async () => {
    receiver = await PushReceiver.start();
    presence = new MemoryPresence();
    workers = [];
  });
  afterEach(async () => {
    await Promise.all(workers.map((each) => each.close()));
    await receiver.close();
  });

  function startWorkers(count: number): void {
    const push = new WebhookPush({ url: receiver.url, secret, telemetry: silentTelemetry });
    const delivery = { ...silentDelivery, emit: (room: string) => void rung.push(room) };
    const ports: WorkerPorts = {
      store,
      delivery,
      presence,
      pushing: { push, ...times },
      telemetry: silentTelemetry,
      now: Date.now,
    };
    const options = { redisUrl: redis.url, undeliveredTtlMs: 1e10, stopWithinMs: 2000 };
    for (let more = 0; more < count; more += 1) workers.push(runWorkers(ports, options));
  }
  const attemptsFor = (user: UserId) =>
    receiver.pushes.filter(({ note }) => note.user === user).map(({ note }) => note.attempt);

  it("are what the back-off says, signed, and none once the messages are there; a flush of Redis changes nothing", async () => {
    startWorkers(2);
    const { conversation, alice, bob } = await foundDirect(store);
    await store.acceptMessages(conversation, [messageBy(conversation, alice, 1)]);
    await eventually(() => expect(attemptsFor(bob.user)).to.deep.equal([0]), 15_000);
    await redis.flush();
    await eventually(() => expect(attemptsFor(bob.user)).to.deep.equal([0, 1]), 15_000);
    await redis.flush();
    await eventually(() => expect(attemptsFor(bob.user)).to.deep.equal([0, 1, 2]), 20_000);
    const gaps = receiver.pushes.slice(1).map(({ at }, index) => at - receiver.pushes[index]!.at);
    for (const [attempt, gap] of gaps.entries()) expect(gap).to.be.at.least(pauseAfter(attempt, times, 0) - 50);
    for (const { headers, body, note } of receiver.pushes) {
      expect(note).to.include({ version: 1, user: bob.user });
      expect(Object.keys(note).toSorted()).to.deep.equal(["at", "attempt", "id", "user", "version"]);
      const timestamp = String(headers["sotto-timestamp"]);
      const signed = createHmac("sha256", secret).update(`${timestamp}.${body}`).digest("hex");
      expect(headers["sotto-signature"]).to.equal(`v1=${signed}`);
    }
    expect(new Set(receiver.pushes.map(({ note }) => note.id)).size).to.equal(3);
    await store.advancePositions([ackBy(conversation, bob, 2), ackBy(conversation, alice, 2)]);
    await eventually(async () => expect(await store.readWake(bob.user)).to.equal(undefined), 20_000);
    expect(attemptsFor(bob.user)).to.deep.equal([0, 1, 2]);
  });

  it("go on without Redis, by the backstop", async () => {
    await redis.stop();
    startWorkers(1);
    const { conversation, alice, bob } = await foundDirect(store);
    await store.acceptMessages(conversation, [messageBy(conversation, alice, 1)]);
    await eventually(() => expect(attemptsFor(bob.user)).to.deep.equal([0]), 30_000);
    await redis.startAgain();
    await eventually(() => expect(attemptsFor(bob.user)).to.deep.equal([0, 1]), 30_000);
  });

  it("go on by jobs when Redis comes back and has forgotten everything, its scripts too", async () => {
    startWorkers(1);
    const isPushed = async () => {
      const { conversation, alice, bob } = await foundDirect(store);
      await store.acceptMessages(conversation, [messageBy(conversation, alice, 1)]);
      await eventually(() => expect(attemptsFor(bob.user)).to.include(0), 15_000);
    };
    await isPushed();
    await redis.kill();
    await redis.startAgain({ empty: true });
    await isPushed();
  });

  it("wait for who is online, and are tried again where the receiver does not take them", async () => {
    receiver.status = 500;
    const { conversation, alice, bob } = await foundDirect(store);
    await store.acceptMessages(conversation, [messageBy(conversation, alice, 1)]);
    await presence.join({ ...bob, socket: "one" });
    startWorkers(1);
    await eventually(() => expect(rung).to.include(deviceRoom(bob.device)), 15_000);
    expect(await store.readWake(bob.user), "somebody is there to be rung").to.equal(undefined);
    await presence.leave({ ...bob, socket: "one" }, "left");
    await store.acceptMessages(conversation, [messageBy(conversation, alice, 2)]);
    await eventually(() => expect(attemptsFor(bob.user)).to.deep.equal([0]), 15_000);
    await eventually(async () => expect(await store.readWake(bob.user)).to.include({ attempt: 0, waits: true }));
  });
});

describe("the time between two pushes", () => {
  it("doubles up to the longest, a tenth more or less", () => {
    const pauses = [0, 1, 2, 3, 10, 1000].map((attempt) => pauseAfter(attempt, { retryMs: 60, longestMs: 1000 }, 0.5));
    expect(pauses).to.deep.equal([60, 120, 240, 480, 1000, 1000]);
    expect(pauseAfter(0, { retryMs: 1000, longestMs: 9999 }, 0)).to.equal(900);
    expect(pauseAfter(0, { retryMs: 1000, longestMs: 9999 }, 1)).to.equal(1100);
  });
});
