import { expect } from "chai";
import { createConnection } from "mysql2/promise";
import { memoryStore } from "../../src/client/index.ts";
import { Cluster } from "../support/cluster.ts";
import { eventually } from "../support/eventually.ts";
import { PushReceiver } from "../support/push-receiver.ts";
import { Traffic } from "../support/traffic.ts";

const second = 1000;
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

describe("promises 1, 2, 3 and 6 on three nodes and two workers", function () {
  this.timeout(120_000);
  let cluster: Cluster;
  let traffic: Traffic;
  let receiver: PushReceiver;
  before(async () => {
    receiver = await PushReceiver.start();
    const pushing = { PUSH_WEBHOOK_URL: receiver.url, PUSH_WEBHOOK_SECRET: "a secret of sixteen characters and more" };
    cluster = await Cluster.start({ settings: { ...pushing, PUSH_DELAY_SECONDS: "0" } });
  });
  after(async () => {
    await cluster.close();
    await receiver.close();
  });
  const pushesFor = (user: string) =>
    receiver.pushes.filter(({ note }) => note.user === user).map(({ note }) => note.attempt);
  let round = 0;
  beforeEach(async () => {
    traffic = new Traffic(cluster);
    round += 1;
    await traffic.pair(`r${round}-x`, [0, 1]);
    await traffic.pair(`r${round}-y`, [1, 2]);
  });
  afterEach(() => traffic.close());

  it("hold when all is well", async () => {
    traffic.send(30);
    await traffic.holds();
  });

  it("hold when a node is killed under traffic", async () => {
    await traffic.during(async () => {
      await pause(0.5 * second);
      await cluster.nodes[1]!.killAndStartAgain();
      await pause(0.5 * second);
    });
    await traffic.holds();
  });

  it("hold when a node dies between the commit and the push", async () => {
    await cluster.redis.kill();
    const before = (await cluster.log()).length;
    const sent = traffic.send(1);
    // The commit is done; without Redis no push has left its node.
    await eventually(async () => expect((await cluster.log()).length).to.equal(before + sent.length), 5_000, 1);
    await cluster.nodes[0]!.kill();
    await cluster.redis.startAgain({ empty: true });
    await cluster.nodes[0]!.startAgain();
    await traffic.holds();
  });

  it("hold for a recipient who was away and comes back on another node", async () => {
    const store = memoryStore();
    const [away, writer] = [`r${round}-away`, `r${round}-writer`];
    const before = await traffic.people.open(away, { store, url: cluster.nodes[1]!.url });
    await before.connect();
    const alice = await traffic.people.online(writer, { url: cluster.nodes[0]!.url });
    const chat = await alice.direct(away);
    await chat.send("0").reached("delivered", { timeout: 60_000 });
    await before.close();
    traffic.people.forget(before);
    const sent = Array.from({ length: 50 }, (_, index) => chat.send(String(index + 1)));
    await Promise.all(sent.map((message) => message.reached("accepted", { timeout: 60_000 })));
    const after = await traffic.people.open(away, { store, url: cluster.nodes[2]!.url });
    const shown: string[] = [];
    after.on("message", ({ message }) => shown.push(message.text));
    await after.connect();
    await Promise.all(sent.map((message) => message.reached("delivered", { timeout: 60_000 })));
    expect(shown).to.deep.equal(sent.map(({ text }) => text));
    await traffic.holds();
  });

  it("hold when Redis is flushed", async () => {
    await traffic.during(async () => {
      for (let flush = 0; flush < 5; flush += 1) {
        await cluster.redis.flush();
        await pause(0.2 * second);
      }
    });
    await traffic.holds();
  });

  it("hold when Redis is stopped for 15 seconds and comes back empty", async () => {
    await traffic.during(async () => {
      await cluster.redis.kill();
      await pause(15 * second);
      await cluster.redis.startAgain({ empty: true });
      await pause(1 * second);
    }, 60);
    await traffic.holds();
  });

  it("hold when MariaDB is killed and comes back", async () => {
    await traffic.during(async () => {
      await cluster.database.kill();
      await pause(1 * second);
      await cluster.database.startAgain();
      await pause(1 * second);
    });
    await traffic.holds();
  });

  it("hold when a worker is killed with what it has leased: another one works that off", async () => {
    const [away, writer] = [`r${round}-away`, `r${round}-writer`];
    const recipient = await traffic.people.online(away, { url: cluster.nodes[1]!.url });
    const alice = await traffic.people.online(writer, { url: cluster.nodes[0]!.url });
    const chat = await alice.direct(away);
    await chat.send("0").reached("delivered", { timeout: 60_000 });
    await recipient.close();
    traffic.people.forget(recipient);
    await traffic.during(async () => {
      // Whoever leases the conversation comes as far as here: noting that somebody waits who is away.
      const holder = await createConnection({ uri: cluster.databaseUrl });
      await holder.query("START TRANSACTION");
      await holder.query("INSERT INTO wakes (user, newest_at, attempt, next_at) VALUES (?, 0, 0, 0)", [away]);
      await chat.send("1").reached("accepted", { timeout: 60_000 });
      const index = await workerInTransaction(cluster);
      await cluster.workers[index]!.kill();
      expect(pushesFor(away)).to.deep.equal([]);
      await holder.query("ROLLBACK");
      holder.destroy();
      await eventually(() => expect(pushesFor(away)).to.deep.equal([0]), 40_000);
      await cluster.workers[index]!.startAgain();
    }, 60);
    await traffic.holds();
    expect(pushesFor(away)).to.deep.equal([0]);
  });

  it("hold when a node is frozen in the middle of its transactions for 20 seconds, and the others go on", async () => {
    await traffic.during(async () => {
      await freezeInTransaction(cluster, 0);
      const frozen = pause(20 * second);
      // Of each pair's two directions; the first one's sender is on the node that is frozen.
      const [, ...meanwhile] = traffic.send(1);
      const [toTheFrozen, ...others] = meanwhile;
      await toTheFrozen!.reached("accepted", { timeout: 60_000 });
      await Promise.all(others.map((message) => message.reached("delivered", { timeout: 60_000 })));
      await frozen;
      cluster.nodes[0]!.resume();
      await pause(1 * second);
    }, 60);
    await traffic.holds();
  });

  it("hold over a rolling restart of every node", async () => {
    await traffic.during(async () => {
      for (const node of cluster.nodes) {
        expect(await node.stop()).to.equal(0);
        await node.startAgain();
      }
    }, 40);
    await traffic.holds();
  });
});

describe("promise 6, Redis is a doorbell: without it for the whole time", function () {
  this.timeout(120_000);
  let cluster: Cluster;
  before(async () => {
    cluster = await Cluster.start();
    await cluster.redis.kill();
  });
  after(() => cluster.close());

  it("people on different nodes find each other, and everything arrives within seconds", async () => {
    const traffic = new Traffic(cluster);
    await traffic.pair("x", [0, 1]);
    await traffic.pair("y", [1, 2]);
    for (let wave = 0; wave < 3; wave += 1) {
      const sent = traffic.send(10);
      await Promise.all(sent.map((message) => message.reached("delivered", { timeout: 60_000 })));
    }
    await traffic.holds();
    for (const { opsUrl } of cluster.nodes) {
      const ready = (await (await fetch(`${opsUrl}/readyz`)).json()) as { ready: boolean; degraded: string[] };
      expect(ready.ready).to.equal(true);
      expect(ready.degraded).to.have.length(1);
    }
    await traffic.close();
  });
});

/** Resolves with the worker that waits for a row that another holds. */
const workerInTransaction = (cluster: Cluster): Promise<number> =>
  eventually(async () => {
    for (const index of cluster.workers.keys()) {
      const open = await cluster.transactionsOf(`worker_${index}`);
      if (open.some(({ state }) => state === "waiting")) return index;
    }
    throw new Error("no worker waits");
  }, 20_000);

/** Freezes a node while a transaction of its own holds row locks: tried until it is caught in one. */
async function freezeInTransaction(cluster: Cluster, index: number): Promise<void> {
  const idle = async () => (await cluster.transactionsOf(`node_${index}`)).filter(({ state }) => state === "idle");
  await eventually(
    async () => {
      cluster.nodes[index]!.freeze();
      // What it had sent before it froze is done by the second look: only what waits for its next word stays.
      const held = await idle();
      const ids = held.length === 0 ? [] : (await idle()).map(({ id }) => id);
      if (held.some(({ id }) => ids.includes(id))) return;
      cluster.nodes[index]!.resume();
      throw new Error("it was in no transaction");
    },
    40_000,
    11,
  );
}
