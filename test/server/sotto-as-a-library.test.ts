import { expect } from "chai";
import { createServer, type AddressInfo } from "node:net";
import { join } from "node:path";
import { startNode, startWorker, StartError, SettingsError, type RunningNode } from "../../src/index.ts";
import { tempFolder } from "../support/temp-folder.ts";

describe("Sotto as a library", () => {
  let folder: Awaited<ReturnType<typeof tempFolder>>;
  const open: RunningNode[] = [];
  beforeEach(async () => {
    folder = await tempFolder();
  });
  afterEach(async () => {
    await Promise.all(open.splice(0).map((node) => node.close()));
    await folder.remove();
  });

  async function start(name: string, more = {}) {
    const settings = { PORT: 0, OPS_PORT: 0, LOG_LEVEL: "silent", DATA_DIR: join(folder.path, name) } as const;
    const node = await startNode({ ...settings, ...more });
    open.push(node);
    return node;
  }

  it("runs two nodes in one process, each with its own data", async () => {
    const [one, other] = await Promise.all([start("one"), start("other")]);
    expect(one.url).not.to.equal(other.url);
    expect(one.databaseFile).to.equal(join(folder.path, "one", "sotto.db"));
    for (const { url, opsUrl } of [one, other]) {
      expect((await fetch(url)).status).to.equal(200);
      expect(await (await fetch(`${opsUrl}/metrics`)).text()).to.match(/sotto_database_bytes [1-9]/);
    }
    await one.close();
    await one.close();
    expect((await fetch(other.url)).status).to.equal(200);
  });

  it("refuses a second node on the same data, which the first one's end makes free", async () => {
    const first = await start("shared");
    const refused = await start("shared").catch((error: unknown) => error);
    expect(refused).to.be.instanceOf(StartError);
    expect(refused).to.have.property("message").that.includes(`${first.databaseFile} already (process ${process.pid})`);
    expect((await fetch(first.url)).status).to.equal(200);
    await first.close();
    await start("shared");
  });

  it("has no sign-up where the caller issues the tokens", async () => {
    const node = await start("hosted", { AUTH_JWT_SECRET: "s".repeat(32) });
    expect(node.madeOwnSecret).to.equal(false);
    const response = await fetch(`${node.url}/v1/accounts`, { method: "POST" });
    expect(response.status).to.equal(403);
  });

  it("refuses to start with what it cannot use, and leaves nothing open", async () => {
    const taken = createServer().listen(0, "127.0.0.1");
    await new Promise((resolve) => taken.once("listening", resolve));
    const { port } = taken.address() as AddressInfo;
    const refused = async (more: object) =>
      start("refused", more).then(
        () => undefined,
        (error: unknown) => error,
      );
    expect(await refused({ PORT: port })).to.be.instanceOf(StartError);
    expect(await refused({ HOST: "192.0.2.1" }))
      .to.be.instanceOf(StartError)
      .with.property("message")
      .includes("HOST");
    expect(await refused({ PORT: -1 })).to.be.instanceOf(SettingsError);
    await new Promise((resolve) => taken.close(resolve));
    await start("refused");
  });

  it("starts no workers where there is no cluster to work for", async () => {
    const refused = await startWorker().catch((error: unknown) => error);
    expect(refused).to.be.instanceOf(StartError);
  });
});
