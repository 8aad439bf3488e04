import { expect } from "chai";
import type { PresenceEntry, PresenceStatus } from "../../src/actors/ports/presence.ts";
import type { PresenceTimings, RedisPresence } from "../../src/cluster/redis-presence.ts";
import { eventually } from "../support/eventually.ts";
import { PresenceNode, PresenceProcess, quickPresence, socketsOf } from "../support/presence-node.ts";
import { RedisServer } from "../support/servers/redis-server.ts";

const { leaseMs, heartbeatMs, graceMs } = quickPresence;

describe("presence of a cluster", function () {
  this.timeout(90_000);
  let redis: RedisServer;
  let nodes: PresenceNode[] = [];
  let processes: PresenceProcess[] = [];
  before(async () => {
    redis = await RedisServer.start();
  });
  after(() => redis.end());
  beforeEach(() => redis.flush());
  afterEach(async () => {
    for (const node of nodes) node.close();
    await Promise.all(processes.map((process) => process.kill()));
    [nodes, processes] = [[], []];
  });

  const open = async (timings: Partial<PresenceTimings> = {}): Promise<RedisPresence> => {
    const node = await PresenceNode.open(redis.url, timings);
    nodes.push(node);
    return node.presence;
  };
  /** Of a process with a short lease, which whoever reaps it takes for the same. */
  const holding = async (sockets: readonly PresenceEntry[]): Promise<PresenceProcess> => {
    const process = await PresenceProcess.holding(redis.url, sockets);
    processes.push(process);
    return process;
  };
  const onlineOf = async (presence: RedisPresence, sockets: readonly PresenceEntry[]) =>
    (await presence.online(sockets)).size;
  /** Without what is to stay: when somebody was last seen, and which nodes there are. */
  const keysLeft = async () => (await redis.keys()).filter((key) => !/:seen:|:nodes$/.test(key));
  const beats = (count: number) => new Promise((resolve) => setTimeout(resolve, count * heartbeatMs));

  it("shows 200 sockets of a process that was killed as gone within its lease, ten times, and keeps nothing", async () => {
    const other = await open(quickPresence);
    for (let round = 1; round <= 10; round += 1) {
      const sockets = socketsOf(200, round);
      const process = await holding(sockets);
      expect(await onlineOf(other, sockets)).to.equal(200);
      const diedAt = Date.now();
      await process.kill();
      let lastAskedAt = diedAt;
      await eventually(async () => {
        const askedAt = Date.now();
        const count = await onlineOf(other, sockets);
        if (count > 0) lastAskedAt = askedAt;
        expect(count).to.equal(0);
      });
      expect(lastAskedAt - diedAt, "from then on nobody asks in vain").to.be.at.most(leaseMs + 50);
      await eventually(async () => {
        await other.reap();
        expect(await keysLeft()).to.deep.equal([]);
      });
      const statuses = await other.statusOf(sockets.map(({ user }) => user));
      for (const { online, lastSeen } of statuses) {
        expect(online).to.equal(false);
        // When its lease was renewed last.
        expect(lastSeen).to.be.within(diedAt - leaseMs, diedAt + 50);
      }
    }
  });

  it("reaps several at once, and tells of each user once", async () => {
    const [one, other] = [await open(quickPresence), await open(quickPresence)];
    const sockets = socketsOf(50, 1);
    const heard: PresenceStatus[] = [];
    one.onChange((status) => heard.push(status));
    one.watch(sockets.map(({ user }) => user));
    const process = await holding(sockets);
    await eventually(() => expect(heard).to.have.length(50));
    await process.kill();
    await eventually(async () => expect(await onlineOf(other, sockets)).to.equal(0));
    const reaped = await Promise.all([one.reap(), other.reap(), one.reap()]);
    expect(reaped.reduce((sum, count) => sum + count)).to.equal(50);
    await eventually(() => expect(heard).to.have.length(100));
    expect(heard.slice(50).every(({ online, lastSeen }) => !online && lastSeen !== null)).to.equal(true);
  });

  it("puts its sockets back within a heartbeat after a flush, however many", async () => {
    const presence = await open({ heartbeatMs: 4000 });
    const sockets = socketsOf(700, 1);
    await Promise.all(sockets.map((socket) => presence.join(socket)));
    await redis.flush();
    // A slice with each heartbeat, they would take four of them.
    await eventually(async () => expect(await onlineOf(presence, sockets)).to.equal(700), 2 * 4000);
  });

  it("puts back what others have removed while a node was frozen for longer than its lease", async () => {
    const other = await open(quickPresence);
    const sockets = socketsOf(2000, 1);
    const process = await holding(sockets);
    process.pause();
    await eventually(async () => expect(await onlineOf(other, sockets)).to.equal(0));
    // A second device of each comes elsewhere: what counts no more of the first is removed on the way, and nobody reaps.
    await Promise.all(
      socketsOf(2000, 1).map(({ user, device }) => other.join({ user, device, socket: `${user}-other` })),
    );
    process.resume();
    await eventually(async () => expect(await onlineOf(other, sockets)).to.equal(2000), 20_000);
  });

  it("leaves a device to the node it has moved to, though its old line still looks alive elsewhere", async () => {
    const [before, after] = [await open(), await open()];
    const [old] = socketsOf(1, 1) as [PresenceEntry];
    await before.join(old);
    await after.join({ ...old, socket: "new" });
    await beats(3);
    await before.leave(old, "left");
    expect(await onlineOf(after, [old])).to.equal(1);
    await after.leave({ ...old, socket: "new" }, "left");
    await eventually(async () => expect(await keysLeft()).to.deep.equal([]));
  });

  it("leaves a device to the node it has moved to, however late Redis hears from the other that its line is there", async () => {
    const before = await open();
    const after = await open({ heartbeatMs: 60_000 });
    const [old] = socketsOf(1, 1) as [PresenceEntry];
    await before.join(old);
    await after.join({ ...old, socket: "new" });
    redis.pause();
    await beats(4);
    redis.resume();
    await beats(2);
    await before.leave(old, "left");
    expect(await onlineOf(after, [old])).to.equal(1);
  });

  it("shows those of a drained node who do not come back as gone when their grace ends, and since when", async () => {
    const timings = { leaseMs, graceMs: 4 * leaseMs };
    const watcher = await open(timings);
    const drained = await PresenceNode.open(redis.url, timings);
    const [goes] = socketsOf(1, 1) as [PresenceEntry];
    const patient = await open(timings);
    await drained.presence.join(goes);
    const gone: PresenceStatus[] = [];
    watcher.onChange((status) => !status.online && gone.push(status));
    watcher.watch([goes.user]);
    const wentAfter = Date.now();
    await drained.presence.leave(goes, "lost");
    drained.close();
    const wentBefore = Date.now();
    const reapUntil = (atMs: number) =>
      eventually(async () => {
        await patient.reap();
        expect(Date.now() - wentBefore).to.be.greaterThan(atMs);
      });
    await reapUntil(1.2 * leaseMs);
    expect((await patient.statusOf([goes.user]))[0]!.online, "its lease is over, its grace is not").to.equal(true);
    await reapUntil(4 * leaseMs + 100);
    await eventually(() => expect(gone).to.have.length(1));
    expect(gone[0]!.user).to.equal(goes.user);
    expect(gone[0]!.lastSeen).to.be.within(wentAfter - 50, wentBefore + 50);
    expect(await keysLeft()).to.deep.equal([]);
  });

  it("makes good what happened while Redis was away, and tells of each change once afterwards", async () => {
    const presence = await open();
    const [stays, leaves, comes] = socketsOf(3, 1) as [PresenceEntry, PresenceEntry, PresenceEntry];
    await presence.join(stays);
    await presence.join(leaves);
    const heard: PresenceStatus[] = [];
    presence.onChange((status) => heard.push(status));
    presence.watch([stays.user, comes.user]);
    const online = async () => [...(await presence.online([stays, leaves, comes]))];
    for (const empty of [false, true]) {
      await redis.stop();
      await eventually(async () => expect(await online().catch(() => "unknown")).to.equal("unknown"));
      await presence.leave(leaves, "left");
      await presence.join(comes);
      presence.unwatch([comes.user]);
      await redis.startAgain({ empty });
      await eventually(async () => expect(await online()).to.have.members([stays.device, comes.device]), 10_000);
      await presence.join(leaves);
    }
    presence.watch([leaves.user]);
    await eventually(async () => {
      await presence.leave(leaves, "left");
      await presence.join(leaves);
      expect(heard.length, "its announcements come again").to.be.greaterThan(0);
    });
    await beats(1);
    presence.unwatch([leaves.user]);
    heard.length = 0;
    await presence.leave(stays, "left");
    await presence.leave(comes, "left");
    await eventually(() => expect(heard.length).to.be.greaterThan(0));
    await beats(1);
    expect(heard.map(({ user, online: isOnline }) => ({ user, isOnline }))).to.deep.equal([
      { user: stays.user, isOnline: false },
    ]);
  });

  it("keeps nobody waiting, and says that it does not know, while Redis is frozen", async () => {
    const presence = await open();
    const [first, second] = socketsOf(2, 1) as [PresenceEntry, PresenceEntry];
    await presence.join(first);
    redis.pause();
    try {
      const startedAt = performance.now();
      await presence.join(second);
      await presence.leave(first, "lost");
      expect(performance.now() - startedAt, "half a second each").to.be.lessThan(2000);
      expect(await presence.online([first]).catch(() => "unknown")).to.equal("unknown");
      expect(await presence.statusOf([first.user]).catch(() => "unknown")).to.equal("unknown");
    } finally {
      redis.resume();
    }
    await eventually(async () => {
      expect([...(await presence.online([first, second]))]).to.deep.equal([second.device]);
    }, 15_000);
    await eventually(async () => {
      expect((await presence.statusOf([first.user]))[0]!.online, `${graceMs} ms later`).to.equal(false);
    });
  });
});
