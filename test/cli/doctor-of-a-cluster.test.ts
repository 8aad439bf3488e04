import { expect } from "chai";
import { builtDist } from "../support/node-process.ts";
import { RedisServer } from "../support/servers/redis-server.ts";
import { sharedMariaDb } from "../support/servers/shared-servers.ts";
import { runSotto } from "../support/sotto-command.ts";

interface Finding {
  check: string;
  state: "good" | "note" | "bad";
  says: string;
  todo?: string;
}

describe("sotto doctor, of a cluster", function () {
  this.timeout(120_000);
  let redis: RedisServer;
  let settings: Record<string, string>;
  before(async () => {
    await builtDist();
    redis = await RedisServer.start();
    const database = await (await sharedMariaDb()).newDatabase();
    const own = { PORT: "0", OPS_PORT: "0", HOST: "127.0.0.1", AUTH_JWT_SECRET: "s".repeat(32) };
    settings = { DATABASE_URL: database, REDIS_URL: redis.url, ...own };
  });
  after(() => redis.end());

  async function findings(more: Record<string, string> = {}): Promise<{ status: number | null; all: Finding[] }> {
    const { status, stdout } = await runSotto(["doctor", "--json"], { ...settings, ...more });
    return { status, all: JSON.parse(stdout) as Finding[] };
  }
  const statesOf = (all: Finding[], check: string) =>
    all.filter((one) => one.check === check).map(({ state }) => state);

  it("finds both servers good, and says that the schema is yet to come", async () => {
    const { status, all } = await findings();
    expect(status, JSON.stringify(all)).to.equal(0);
    expect(statesOf(all, "database")).to.deep.equal(["good", "note"]);
    expect(statesOf(all, "durable"), "no binlog").to.deep.equal(["note"]);
    expect(statesOf(all, "Redis")).to.deep.equal(["good"]);
    const migrated = await runSotto(["migrate", "--json"], settings);
    expect(migrated.status).to.equal(0);
    expect(JSON.parse(migrated.stdout)).to.have.property("applied").with.length.greaterThan(0);
    expect(statesOf((await findings()).all, "database")).to.deep.equal(["good", "good"]);
  });

  it("says what to do about servers that do not answer, without a password", async () => {
    const away = { DATABASE_URL: "mysql://root:hush@127.0.0.1:1/none", REDIS_URL: "redis://:hush@127.0.0.1:1" };
    const { status, all } = await findings(away);
    expect(status).to.equal(1);
    expect(statesOf(all, "database")).to.deep.equal(["bad"]);
    expect(statesOf(all, "Redis")).to.deep.equal(["bad"]);
    expect(JSON.stringify(all)).not.to.include("hush");
    for (const { state, todo } of all) if (state === "bad") expect(todo).to.be.a("string");
  });

  it("finds what the database's user may not do, before a migration or a purge stops at it", async () => {
    const server = await sharedMariaDb();
    const { pathname } = new URL(settings["DATABASE_URL"]!);
    const schema = pathname.slice(1);
    const tablesBefore = await server.query("SHOW TABLES", settings["DATABASE_URL"]);
    const grant = (rights: string, user: string) => server.query(`GRANT ${rights} ON ${schema}.* TO ${user}`);
    const grantsOf = async (user: string) => {
      const url = `mysql://${user}:hush@127.0.0.1:${server.port}${pathname}`;
      return (await findings({ DATABASE_URL: url })).all.filter(({ check }) => check === "grants");
    };
    await server.query("CREATE USER narrow IDENTIFIED BY 'hush'");
    await grant("SELECT, INSERT, UPDATE, DELETE, CREATE, ALTER", "narrow");
    const [finding] = await grantsOf("narrow");
    expect(finding).to.deep.equal({
      check: "grants",
      state: "bad",
      says: "the database's user lacks DROP, LOCK TABLES: nodes, migrations and the purge need it",
      todo: `GRANT DROP, LOCK TABLES ON \`${schema}\`.* TO the user that DATABASE_URL names`,
    });
    await grant("DROP, LOCK TABLES", "narrow");
    expect(await grantsOf("narrow"))
      .to.have.length(1)
      .and.have.nested.property("[0].state", "good");
    expect(await server.query("SHOW TABLES", settings["DATABASE_URL"])).to.deep.equal(tablesBefore);
  });

  it("finds a database that takes no large statement", async () => {
    const server = await sharedMariaDb();
    const packetOf = async (bytes: number) => {
      await server.query(`SET GLOBAL max_allowed_packet = ${bytes}`);
      return (await findings()).all.filter(({ check }) => check === "packet");
    };
    const before = 16 * 1024 * 1024;
    try {
      const [finding] = await packetOf(4 * 1024 * 1024);
      expect(finding).to.include({ state: "bad", todo: `set it to ${before} or more` });
    } finally {
      expect(await packetOf(before)).to.deep.equal([]);
    }
  });

  it("finds a Redis that would drop jobs", async () => {
    await redis.setEvictionPolicy("allkeys-lru");
    const { all } = await findings();
    expect(statesOf(all, "Redis")).to.deep.equal(["bad"]);
  });
});
