import { expect } from "chai";
import { silentTelemetry } from "../../src/actors/ports/silent-telemetry.ts";
import type { Store } from "../../src/actors/ports/store.ts";
import { MemoryPresence } from "../../src/cluster/memory-presence.ts";
import type { ConversationId, DeviceId, UserId } from "../../src/protocol/ids.ts";
import { newVapidPair, Vapid } from "../../src/push/vapid.ts";
import { WebPush } from "../../src/push/web-push.ts";
import { openSqliteStore } from "../../src/store/sqlite/sqlite-store.ts";
import { ringLaggards } from "../../workers/delivery.ts";
import { findDueWakes, wakeHere } from "../../workers/wakes.ts";
import type { WorkerPorts } from "../../workers/worker-ports.ts";
import { ackBy, foundDirect, messageBy } from "../support/store/store-kit.ts";
import { tempFolder } from "../support/temp-folder.ts";
import { WebPushReceiver } from "../support/web-push-receiver.ts";
import { silentDelivery } from "../support/silent-delivery.ts";

const times = { delayMs: 5_000, quietMs: 30_000, retryMs: 60_000, longestMs: 3_600_000 };
/** A tenth more than what is between two pushes at the most. */
const atMost = 1.1;

describe("Web Pushes to who is away", () => {
  let folder: Awaited<ReturnType<typeof tempFolder>>;
  let store: Store;
  let receiver: WebPushReceiver;
  let ports: WorkerPorts;
  let time: number;
  let conversation: ConversationId;
  let alice: { user: UserId; device: DeviceId };
  let bob: { user: UserId; device: DeviceId };

  beforeEach(async () => {
    folder = await tempFolder();
    store = openSqliteStore({ file: `${folder.path}/sotto.db`, retentionDays: 90 });
    await store.migrate();
    receiver = await WebPushReceiver.start();
    const vapid = new Vapid({ ...(await newVapidPair()), subject: "mailto:ops@example.org" });
    const push = new WebPush({
      subscriptions: store,
      vapid,
      endpointHosts: [receiver.origin],
      ttlSeconds: 3600,
      telemetry: silentTelemetry,
    });
    ports = {
      store,
      delivery: silentDelivery,
      presence: new MemoryPresence(),
      pushing: { push, ...times },
      telemetry: silentTelemetry,
      now: () => time,
    };
    ({ conversation, alice, bob } = await foundDirect(store));
    await store.acceptMessages(conversation, [messageBy(conversation, alice, 1)]);
    time = Date.now() + 10_000;
    await ringLaggards(ports);
  });
  afterEach(async () => {
    await store.close();
    await receiver.close();
    await folder.remove();
  });

  const subscribe = () => store.putPushSubscription({ ...bob, endpoint: `${receiver.origin}/bob` });
  async function pushesAfter(passedMs: number): Promise<number> {
    const before = receiver.pushes.length;
    time += Math.round(passedMs);
    await findDueWakes(ports, (wakes) => wakeHere(ports, wakes));
    return receiver.pushes.length - before;
  }
  const attempt = async () => (await store.readWake(bob.user))?.attempt;

  it("come after the delay, ever more seldom, and end when the message is there", async () => {
    await subscribe();
    expect(await pushesAfter(times.delayMs - 1)).to.equal(0);
    expect(await pushesAfter(1)).to.equal(1);
    expect(await pushesAfter(times.retryMs * 0.8), "not yet").to.equal(0);
    expect(await pushesAfter(times.retryMs * 0.3 + 1)).to.equal(1);
    expect(await pushesAfter(times.retryMs * atMost), "twice as long").to.equal(0);
    expect(await pushesAfter(times.retryMs * atMost)).to.equal(1);
    await store.advancePositions([ackBy(conversation, bob, 2)]);
    expect(await pushesAfter(times.longestMs)).to.equal(0);
    expect(await attempt()).to.equal(undefined);
  });

  it("that failed come again soon, as the same attempt", async () => {
    await subscribe();
    receiver.answersWith(503);
    expect(await pushesAfter(times.delayMs)).to.equal(1);
    expect(await attempt()).to.equal(0);
    receiver.answersWith(201);
    expect(await pushesAfter(20_000)).to.equal(0);
    expect(await pushesAfter(15_000)).to.equal(1);
    expect(await attempt()).to.equal(1);
  });

  it("go nowhere for who has not subscribed, and are not tried again every few seconds", async () => {
    expect(await pushesAfter(times.delayMs)).to.equal(0);
    expect(await attempt()).to.equal(1);
    await subscribe();
    expect(await pushesAfter(times.retryMs * 0.8)).to.equal(0);
    expect(await pushesAfter(times.retryMs * 0.3 + 1), "subscribed meanwhile").to.equal(1);
  });

  it("drop a subscription that is gone, and go on to the new one", async () => {
    await subscribe();
    receiver.answersWith(410);
    expect(await pushesAfter(times.delayMs)).to.equal(1);
    expect(await store.readPushSubscriptions(bob.user)).to.deep.equal([]);
    expect(await pushesAfter(times.retryMs * atMost), "there is nowhere to go").to.equal(0);
    receiver.answersWith(201);
    await subscribe();
    expect(await pushesAfter(times.retryMs * 2 * atMost)).to.equal(1);
  });
});
