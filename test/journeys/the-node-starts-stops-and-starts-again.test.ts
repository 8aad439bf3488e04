import { expect } from "chai";
import { connect } from "node:net";
import { io } from "socket.io-client";
import { protocolVersion } from "../../src/protocol/limits.ts";
import { eventually } from "../support/eventually.ts";
import { startProcess, type Started } from "../support/sotto-command.ts";
import { tempFolder } from "../support/temp-folder.ts";

const credentials = JSON.stringify({ user: "alice", password: "correct horse battery" });
const post = (url: string, body = credentials) =>
  fetch(url, { method: "POST", headers: { "content-type": "application/json", connection: "close" }, body });

function isPortFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    socket.once("connect", () => resolve(false)).once("error", () => resolve(true));
    socket.once("connect", () => socket.destroy());
  });
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

describe("a node on one machine", function () {
  this.timeout(120_000);
  let folder: Awaited<ReturnType<typeof tempFolder>>;
  const running: Started[] = [];

  before(async () => {
    folder = await tempFolder();
    const build = await startProcess(process.execPath, ["scripts/build-if-stale.mjs"], {}).ended;
    expect(build.status, build.stderr).to.equal(0);
  });
  after(async () => {
    for (const { child, ended } of running) {
      child.kill("SIGKILL");
      await ended;
    }
    await folder.remove();
  });

  const settings = () => ({ DATA_DIR: folder.path, PORT: "0", OPS_PORT: "0" });

  async function started(process_: Started) {
    running.push(process_);
    const [, url] = await process_.says(/listening on (http:\S+)/);
    const [, ready] = await process_.says(/health\s+(http:\S+)/);
    return { ...process_, url: url!, ready: ready!, port: Number(new URL(url!).port) };
  }
  const npmStart = () => started(startProcess("npm", ["start"], settings()));
  const nodeStart = () => started(startProcess(process.execPath, ["dist/src/cli/main.js", "start"], settings()));

  it("starts by npm start, and says where it is and what it is", async () => {
    const before = performance.now();
    const node = await npmStart();
    expect((await fetch(node.url)).status).to.equal(200);
    expect(performance.now() - before).to.be.lessThan(10_000);
    expect(node.output.stdout).to.include("embedded: one machine, no failover");
    expect(node.output.stdout).to.include("sotto chat");
    expect(await (await fetch(node.ready)).json()).to.deep.equal({ ready: true, reasons: [], degraded: [] });
    expect((await post(`${node.url}/v1/accounts`)).status).to.equal(201);
    await endsCleanly(node, "SIGTERM");
  });

  it("starts again on the same data, and ends on SIGTERM to the node itself", async () => {
    const node = await nodeStart();
    expect((await post(`${node.url}/v1/sessions`)).status).to.equal(200);
    expect((await post(`${node.url}/v1/accounts`)).status).to.equal(409);
    await endsCleanly(node, "SIGTERM");
  });

  it("ends on Ctrl-C too", async () => {
    await endsCleanly(await nodeStart(), "SIGINT");
  });

  it("starts on the same data after it was killed", async () => {
    const killed = await nodeStart();
    const bob = JSON.stringify({ user: "bob", password: "correct horse battery" });
    expect((await post(`${killed.url}/v1/accounts`, bob)).status).to.equal(201);
    killed.child.kill("SIGKILL");
    await killed.ended;
    const node = await nodeStart();
    expect((await post(`${node.url}/v1/sessions`, bob)).status).to.equal(200);
    expect((await post(`${node.url}/v1/sessions`)).status).to.equal(200);
    await endsCleanly(node, "SIGTERM");
  });

  it("keeps its own secret, so that tokens of before hold", async () => {
    const first = await nodeStart();
    const { token } = (await (await post(`${first.url}/v1/sessions`)).json()) as { token: string };
    expect(first.output.stdout).not.to.include("made one to sign tokens");
    expect(first.output.stdout + first.output.stderr).not.to.include(token);
    await endsCleanly(first, "SIGTERM");
    const second = await nodeStart();
    const socket = io(second.url, { transports: ["websocket"], auth: { token, protocol: protocolVersion } });
    const challenge = await new Promise<{ protocol: number }>((resolve, reject) => {
      socket.once("session:challenge", resolve).once("connect_error", reject);
    });
    expect(challenge.protocol).to.equal(protocolVersion);
    await endsCleanly(second, "SIGTERM");
    socket.close();
  });

  async function endsCleanly(node: Awaited<ReturnType<typeof nodeStart>>, signal: NodeJS.Signals) {
    const [, pid] = /"pid":(\d+)/.exec(await pidOf(node)) ?? [];
    const before = performance.now();
    node.child.kill(signal);
    const finished = await node.ended;
    expect(finished.status, finished.stderr).to.equal(0);
    expect(performance.now() - before).to.be.lessThan(10_000);
    await eventually(async () => {
      expect(isAlive(Number(pid))).to.equal(false);
      expect(await isPortFree(node.port)).to.equal(true);
    });
    expect(finished.stderr).to.include('"event":"node.stopped"');
  }

  /** The log's first line names the process: under npm it is not the child that the test has. */
  async function pidOf(node: Started): Promise<string> {
    return eventually(() => {
      expect(node.output.stderr).to.include("node.started");
      return node.output.stderr;
    });
  }
});
