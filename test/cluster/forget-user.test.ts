import { expect } from "chai";
import { silentTelemetry } from "../../src/actors/ports/silent-telemetry.ts";
import { forgetInRedis } from "../../src/cluster/forget-user.ts";
import { RedisConnection } from "../../src/cluster/redis-connection.ts";
import { eventually } from "../support/eventually.ts";
import { RedisServer } from "../support/servers/redis-server.ts";

const device = "01a22e69-fe96-711c-9333-1f3c76f7b859";

describe("a user in Redis", function () {
  this.timeout(60_000);
  let redis: RedisServer;
  let connection: RedisConnection;
  before(async () => {
    redis = await RedisServer.start();
    connection = new RedisConnection({ url: redis.url, telemetry: silentTelemetry, name: "test" });
    await connection.whenReady();
  });
  after(async () => {
    connection.close();
    await redis.end();
  });
  beforeEach(() => redis.flush());

  const forget = () => forgetInRedis(connection.client, { user: "alice", names: ["alice", device] });

  it("is forgotten wherever it stands: presence, limits, wakes that wait or have failed, and pushes; others are not", async () => {
    const { client } = connection;
    await client.set("sotto:presence:seen:alice", "1");
    await client.zAdd("sotto:presence:nodes", { score: 1, value: "node" });
    await client.sAdd("sotto:presence:node:node", ["alice", "alice2"]);
    const limits = ["claimed:alice", "sign-in:name alice", `readd:${device} 01a2`].map((key) => `sotto:limit:${key}`);
    for (const key of limits) await client.set(key, "1");
    await client.hSet("sotto:jobs:wakes:1", { data: JSON.stringify({ user: "alice" }) });
    await client.hSet("sotto:jobs:wakes:2", { data: JSON.stringify({ user: "bob" }) });
    await client.zAdd("sotto:jobs:wakes:failed", [
      { score: 1, value: "1" },
      { score: 1, value: "2" },
    ]);
    await client.set("sotto:jobs:wakes:de:alice", "1");
    await client.xAdd("sotto:pushes", "*", { data: 'to "user:alice"' });
    await client.xAdd("sotto:pushes", "*", { data: 'to "user:bob"' });
    const others = ["sotto:presence:seen:alice2", "sotto:limit:claimed:malice", "sotto:jobs:wakes:de:bob"];
    for (const key of others) await client.set(key, "1");

    expect(await forget()).to.equal(1 + limits.length + 2 + 1);
    expect((await redis.keys()).toSorted()).to.deep.equal(
      [
        ...others,
        "sotto:presence:nodes",
        "sotto:presence:node:node",
        "sotto:jobs:wakes:2",
        "sotto:jobs:wakes:failed",
        "sotto:pushes",
      ].toSorted(),
    );
    expect(await client.sMembers("sotto:presence:node:node")).to.deep.equal(["alice2"]);
    expect(await client.zRange("sotto:jobs:wakes:failed", 0, -1)).to.deep.equal(["2"]);
    expect((await client.xRange("sotto:pushes", "-", "+"))?.map(({ message }) => message["data"])).to.deep.equal([
      'to "user:bob"',
    ]);
  });

  it("is waited for while sockets are there: what they say when they leave goes, too", async () => {
    const { client } = connection;
    await client.hSet("sotto:presence:user:alice", { socket: `${device} node 1 0` });
    const forgotten = forget();
    const looked = async () => Number(/cmdstat_exists:calls=(\d+)/.exec(await client.info("commandstats"))?.[1] ?? 0);
    await eventually(async () => expect(await looked()).to.be.above(1));
    await client.set("sotto:presence:seen:alice", "1");
    await client.del("sotto:presence:user:alice");
    await forgotten;
    expect(await redis.keys()).to.deep.equal([]);
  });
});
