import { expect } from "chai";
import { connect, type Socket } from "node:net";
import { eventually } from "../support/eventually.ts";
import { startSotto, type Started } from "../support/sotto-command.ts";
import { tempFolder } from "../support/temp-folder.ts";

describe("stopping a node that somebody holds on to", function () {
  this.timeout(120_000);
  let folder: Awaited<ReturnType<typeof tempFolder>>;
  let holding: Socket | undefined;
  beforeEach(async () => {
    folder = await tempFolder();
  });
  afterEach(async () => {
    holding?.destroy();
    await folder.remove();
  });

  /** A node with a request under way that never ends. */
  async function heldNode(drainSeconds: string): Promise<Started & { opsUrl: string }> {
    const settings = { DATA_DIR: folder.path, PORT: "0", OPS_PORT: "0", DRAIN_SECONDS: drainSeconds };
    const node = startSotto(["start", "--json"], settings);
    const [line] = await node.says(/^\{.*\}$/m);
    const { url, opsUrl } = JSON.parse(line) as { url: string; opsUrl: string };
    const socket = connect(Number(new URL(url).port), "127.0.0.1");
    socket.on("error", () => undefined);
    holding = socket;
    const head =
      "POST /v1/accounts HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 50\r\n\r\n";
    await new Promise<void>((resolve) => socket.write(`${head}{`, () => resolve()));
    // Its answer shows that the server has taken what came before on another connection, too.
    await fetch(url);
    return { ...node, opsUrl };
  }

  it("ends at its deadline, with status 0, and is not ready until then", async () => {
    const node = await heldNode("2");
    const before = performance.now();
    node.child.kill("SIGTERM");
    await eventually(async () => {
      const response = await fetch(`${node.opsUrl}/readyz`);
      expect(response.status).to.equal(503);
      expect(await response.json()).to.deep.equal({ ready: false, reasons: ["draining"], degraded: [] });
    });
    expect((await node.ended).status).to.equal(0);
    expect(performance.now() - before).to.be.within(1500, 5000);
  });

  it("ends at once when it is told again", async () => {
    const node = await heldNode("20");
    node.child.kill("SIGTERM");
    await eventually(() => expect(node.output.stderr).to.include("node.draining"));
    // The same signal within moments is the same wish, which npm has passed on; told until it is heard as another.
    const insisting = setInterval(() => node.child.kill("SIGTERM"), 100);
    const before = performance.now();
    const { status } = await node.ended;
    clearInterval(insisting);
    expect(status).to.equal(1);
    expect(performance.now() - before).to.be.lessThan(3000);
  });
});
