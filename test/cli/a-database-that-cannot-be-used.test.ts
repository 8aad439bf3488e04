import { expect } from "chai";
import { writeFile } from "node:fs/promises";
import { createServer, type AddressInfo } from "node:net";
import { join } from "node:path";
import { builtDist } from "../support/node-process.ts";
import { sharedMariaDb } from "../support/servers/shared-servers.ts";
import { runSotto } from "../support/sotto-command.ts";
import { tempFolder } from "../support/temp-folder.ts";

describe("a database that cannot be used", function () {
  this.timeout(120_000);
  let folder: Awaited<ReturnType<typeof tempFolder>>;
  before(async () => {
    await builtDist();
    folder = await tempFolder();
  });
  after(() => folder.remove());
  const common = { PORT: "0", OPS_PORT: "0", AUTH_JWT_SECRET: "s".repeat(32) };

  /** What each command says: in one line, with status 1. */
  async function refusals(commands: string[], settings: Record<string, string>): Promise<string[]> {
    const all = await Promise.all(
      commands.map((name) => runSotto([name], { ...common, DATA_DIR: folder.path, ...settings })),
    );
    return all.map(({ status, stdout, stderr }, index) => {
      expect([status, stdout], stderr).to.deep.equal([1, ""]);
      const begin = `sotto ${commands[index]}: `;
      expect(stderr).to.match(/^.*\n$/, "one line");
      expect(stderr.startsWith(begin), stderr).to.equal(true);
      return stderr.slice(begin.length, -1);
    });
  }

  it("is named by every command that needs it, with what to do, and without its password", async () => {
    const away = { DATABASE_URL: "mysql://ann:hush@127.0.0.1:1/none", REDIS_URL: "redis://:hush@127.0.0.1:1" };
    const said =
      "DATABASE_URL: mysql://127.0.0.1:1/none cannot be used (ECONNREFUSED): " +
      "see that it runs, and that DATABASE_URL says where. More says: sotto doctor.";
    const all = ["start", "worker", "migrate", "purge"];
    expect(await refusals(all, away)).to.deep.equal(all.map(() => said));
  });

  it("is given up when it takes the connection and says nothing", async () => {
    const mute = createServer().listen(0, "127.0.0.1");
    await new Promise((resolve) => mute.once("listening", resolve));
    const { port } = mute.address() as AddressInfo;
    const [said] = await refusals(["migrate"], { DATABASE_URL: `mysql://ann:hush@127.0.0.1:${port}/none` });
    expect(said).to.include("(ETIMEDOUT): see that it runs");
    mute.close();
  });

  it("is told apart from one that does not let its user in, or is not there", async () => {
    const { url, port } = await sharedMariaDb();
    const [stranger] = await refusals(["migrate"], { DATABASE_URL: `mysql://ann:hush@127.0.0.1:${port}/none` });
    expect(stranger)
      .to.include("a user and a password that the server knows")
      .and.not.match(/ann@|hush/);
    const [nowhere] = await refusals(["purge"], { DATABASE_URL: `${url}/nowhere` });
    expect(nowhere).to.include("CREATE DATABASE it");
  });

  it("may be a file, too", async () => {
    const file = join(folder.path, "text.db");
    await writeFile(file, "this is not a database, but a text of some length".repeat(100));
    for (const [path, reason, commands] of [
      [file, /NOTADB|not a database/, ["start", "migrate", "purge"]],
      [folder.path, /unable to open/i, ["start"]],
      [join(file, "sotto.db"), /EEXIST|ENOTDIR/, ["start", "migrate"]],
    ] as [string, RegExp, string[]][]) {
      for (const said of await refusals(commands, { DATABASE_URL: `sqlite:${path}` })) {
        expect(said).to.include(`DATABASE_URL: ${path} cannot be used (`).and.match(reason);
        expect(said).to.include("let this user write there");
      }
    }
  });
});
