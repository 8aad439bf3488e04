import { expect } from "chai";
import { runSotto, startSotto } from "../support/sotto-command.ts";
import { tempFolder } from "../support/temp-folder.ts";

describe("a second node on one folder", function () {
  this.timeout(120_000);
  let folder: Awaited<ReturnType<typeof tempFolder>>;
  let settings: Record<string, string>;
  beforeEach(async () => {
    folder = await tempFolder();
    settings = { DATA_DIR: folder.path, PORT: "0", OPS_PORT: "0" };
  });
  afterEach(() => folder.remove());

  const startNode = async () => {
    const node = startSotto(["start", "--json"], settings);
    await node.says(/^\{.*\}$/m);
    return node;
  };

  it("is refused with a line that names the first, and ends with 1", async () => {
    const first = await startNode();
    const { status, stdout, stderr } = await runSotto(["start"], settings);
    expect([status, stdout]).to.deep.equal([1, ""]);
    expect(stderr).to.match(
      /^sotto start: DATA_DIR: a node runs on \S+ already \(process \d+\)\. Stop that one, .+\n$/,
    );
    expect(stderr).to.include(`(process ${first.child.pid})`);
    first.child.kill("SIGTERM");
    await first.ended;
  });

  it("takes over at once from a node that was killed", async () => {
    for (let turn = 0; turn < 2; turn += 1) {
      const node = await startNode();
      node.child.kill("SIGKILL");
      await node.ended;
    }
    const last = await startNode();
    last.child.kill("SIGTERM");
    expect((await last.ended).status).to.equal(0);
  });

  it("is told of by the doctor; purging and migrating go on beside it", async () => {
    const doctor = async () => {
      const { stdout } = await runSotto(["doctor", "--json"], settings);
      return (JSON.parse(stdout) as { check: string; says: string }[]).find(({ check }) => check === "node")?.says;
    };
    expect(await doctor()).to.equal("none is running on this data");
    const node = await startNode();
    expect(await doctor()).to.equal(`process ${node.child.pid} is running on this data`);
    expect((await runSotto(["purge"], settings)).status).to.equal(0);
    expect((await runSotto(["migrate"], settings)).status).to.equal(0);
    node.child.kill("SIGKILL");
    await node.ended;
    expect(await doctor()).to.equal("none is running on this data");
  });
});
