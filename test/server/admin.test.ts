import { expect } from "chai";
import { join } from "node:path";
import { startNode, startWorker, type RunningNode, type RunningWorker } from "../../src/index.ts";
import { silentTelemetry } from "../../src/actors/ports/silent-telemetry.ts";
import { openSqliteStore } from "../../src/store/sqlite/sqlite-store.ts";
import { purgeExpired } from "../../workers/purge.ts";
import { sottoVersion } from "../../src/protocol/version.ts";
import { sweepNames } from "../../workers/sweeps.ts";
import { eventually } from "../support/eventually.ts";
import { tokenSecret } from "../support/gateway-node.ts";
import { People } from "../support/people.ts";
import { RedisServer } from "../support/servers/redis-server.ts";
import { sharedMariaDb } from "../support/servers/shared-servers.ts";
import { tempFolder } from "../support/temp-folder.ts";

const token = "an-admin-token-of-some-length";

interface Report {
  process: string;
  sockets?: number;
  mailboxes?: { active: number; items: number };
  queues?: Record<string, Record<string, number>> | null;
  store: Record<string, number> | null;
  sweeps: { name: string; ranAt: string }[];
  degraded: string[];
  [more: string]: unknown;
}

async function reportFrom(url: string): Promise<Report> {
  const response = await fetch(`${url}/admin`, { headers: { Authorization: `Bearer ${token}` } });
  expect(response.status).to.equal(200);
  expect(response.headers.get("cache-control")).to.equal("no-store");
  return (await response.json()) as Report;
}

describe("/admin of a node", () => {
  let folder: Awaited<ReturnType<typeof tempFolder>>;
  let node: RunningNode;
  beforeEach(async () => {
    folder = await tempFolder();
  });
  afterEach(async () => {
    await node.close();
    await folder.remove();
  });
  async function start(more: { ADMIN_TOKEN?: string } = {}): Promise<void> {
    const data = { DATA_DIR: join(folder.path, "data"), AUTH_JWT_SECRET: tokenSecret };
    node = await startNode({ PORT: 0, OPS_PORT: 0, LOG_LEVEL: "silent", ...data, ...more });
  }
  const ask = (authorization?: string, url = node.opsUrl) =>
    fetch(`${url}/admin`, authorization === undefined ? {} : { headers: { Authorization: authorization } });

  it("is not there where no token was set, nor ever on the public port", async () => {
    await start();
    for (const given of [undefined, "Bearer ", `Bearer ${token}`]) expect((await ask(given)).status).to.equal(404);
    await node.close();
    await start({ ADMIN_TOKEN: token });
    expect((await ask(`Bearer ${token}`, node.url)).status).to.equal(404);
  });

  it("is for who brings the token, whole and as a Bearer", async () => {
    await start({ ADMIN_TOKEN: token });
    const wrong = [token.slice(1), `${token}x`, token.toUpperCase(), "x", ""].map((other) => `Bearer ${other}`);
    for (const given of [undefined, token, `Basic ${token}`, ...wrong]) {
      const response = await ask(given);
      expect(response.status, given).to.equal(401);
      expect(response.headers.get("www-authenticate")).to.equal("Bearer");
      expect(await response.text()).not.to.include(token);
    }
    expect((await ask(`Bearer ${token}`)).status).to.equal(200);
  });

  it("says how much there is, how long it is kept, and what was swept when; and nobody's id", async () => {
    await start({ ADMIN_TOKEN: token });
    const people = new People(() => node.url);
    const [alice, bob] = [await people.online("alice-of-this-test"), await people.online("bob-of-this-test")];
    const chat = await alice.direct(bob.user);
    await chat.send("one").reached("delivered", { timeout: 60_000 });
    const report = await reportFrom(node.opsUrl);
    expect(report).to.deep.include({
      version: sottoVersion,
      process: "node",
      pid: process.pid,
      draining: false,
      degraded: [],
      sockets: 2,
      settings: { historyRetentionDays: 90, undeliveredTtlDays: 30 },
    });
    expect(report.mailboxes).to.have.all.keys("active", "items");
    expect(report.store).to.include({ conversations: 1, devices: 2 });
    expect(report.store!["messages"]).to.be.greaterThan(1);
    expect(report.store!["databaseBytes"]).to.be.greaterThan(1000);
    expect(report.store).to.have.property("dueConversations");
    expect(report).not.to.have.property("queues");
    const { sweeps } = await eventually(async () => {
      const again = await reportFrom(node.opsUrl);
      expect(again.sweeps.map(({ name }) => name)).to.include.members(["ring", "wake"]);
      return again;
    });
    for (const { ranAt } of sweeps) expect(Date.now() - Date.parse(ranAt)).to.be.within(0, 10_000);
    expect(report["lastPurge"], "none has been yet").to.equal(null);
    const store = openSqliteStore({ file: node.databaseFile!, retentionDays: 90 });
    await purgeExpired({ store, telemetry: silentTelemetry, now: Date.now });
    await store.close();
    const { lastPurge } = (await reportFrom(node.opsUrl)) as unknown as { lastPurge: Record<string, unknown> };
    expect(lastPurge)
      .to.include({ rows: 0 })
      .and.to.have.all.keys("startedAt", "tookMs", "nextAt", "rows", "deleted", "putOff");
    expect(Date.parse(String(lastPurge["nextAt"])) - Date.parse(String(lastPurge["startedAt"]))).to.equal(600_000);
    for (const hidden of [alice.user, bob.user, alice.device, token]) {
      expect(JSON.stringify(report)).not.to.include(hidden);
    }
    await people.close();
  });
});

describe("/admin of a worker", function () {
  this.timeout(120_000);
  let redis: RedisServer;
  let worker: RunningWorker;
  before(async () => {
    redis = await RedisServer.start();
    worker = await startWorker({
      OPS_PORT: 0,
      LOG_LEVEL: "silent",
      ADMIN_TOKEN: token,
      AUTH_JWT_SECRET: tokenSecret,
      DATABASE_URL: await (await sharedMariaDb()).newDatabase(),
      REDIS_URL: redis.url,
      DRAIN_SECONDS: 2,
    });
  });
  after(async () => {
    await worker.close();
    await redis.end();
  });

  it("counts the jobs of its queues, and says when each sweep was last run by whomever", async () => {
    await eventually(async () => {
      const report = await reportFrom(worker.url);
      expect(report).to.include({ process: "worker" });
      expect(report).not.to.have.any.keys("sockets", "mailboxes");
      expect(report.queues).to.have.all.keys("sweeps", "wakes");
      expect(report.queues!["wakes"]).to.have.all.keys("active", "waiting", "delayed", "failed");
      const { active = 0, waiting = 0, delayed = 0 } = report.queues!["sweeps"]!;
      expect(active + waiting + delayed).to.be.at.least(sweepNames.length - 1);
      expect(report.sweeps.map(({ name }) => name)).to.include.members(["ring", "wake", "presence"]);
    }, 20_000);
  });

  it("answers without Redis too, and says what it does not know", async () => {
    await redis.stop();
    await eventually(async () => {
      const report = await reportFrom(worker.url);
      expect(report.queues).to.equal(null);
      expect(report.degraded).to.have.length(1);
      expect(report.store).to.include({ conversations: 0 });
    }, 20_000);
    await redis.startAgain();
  });
});
