import { expect } from "chai";
import { existsSync, readdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { MariaDbServer } from "./support/servers/mariadb-server.ts";
import { RedisServer } from "./support/servers/redis-server.ts";

const foldersOf = (name: string) => readdirSync(tmpdir()).filter((each) => each.startsWith(`sotto-${name}-`));
const isRunning = (pid: number) => existsSync(`/proc/${pid}`);

describe("the servers of the tests", function () {
  this.timeout(120_000);

  it("are a MariaDB that keeps its data over kill -9 and goes back to what it was, and leaves nothing", async () => {
    const before = foldersOf("mariadb");
    const server = await MariaDbServer.start();
    const url = await server.newDatabase();
    const add = (x: number) => server.query(`INSERT INTO t VALUES (${x})`, url);
    const rows = async () =>
      ((await server.query("SELECT x FROM t ORDER BY x", url)) as { x: number }[]).map(({ x }) => x);
    await server.query("CREATE TABLE t (x INT)", url);
    await add(1);
    const first = await server.snapshot();
    await add(2);
    const second = await server.snapshot();
    await add(3);
    await server.kill();
    await server.startAgain();
    expect(await rows()).to.deep.equal([1, 2, 3]);
    await first.restore();
    expect(await rows()).to.deep.equal([1]);
    await add(4);
    await second.restore();
    expect(await rows()).to.deep.equal([1, 2]);
    await first.restore();
    expect(await rows(), "a copy is not touched by what came after it").to.deep.equal([1]);
    const { pid } = server;
    await server.end();
    expect(isRunning(pid)).to.equal(false);
    expect(foldersOf("mariadb")).to.have.members(before);
  });

  it("are a Redis that keeps its data over a restart or starts empty, and leaves nothing", async () => {
    const before = foldersOf("redis");
    const server = await RedisServer.start();
    expect(await server.keys()).to.deep.equal([]);
    await server.stop();
    await server.startAgain({ empty: true });
    const { pid } = server;
    await server.end();
    expect(isRunning(pid)).to.equal(false);
    expect(foldersOf("redis")).to.have.members(before);
  });
});
