import { expect } from "chai";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { Readable } from "node:stream";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { ClusterProcess } from "../support/cluster-process.ts";
import { eventually } from "../support/eventually.ts";
import { startSotto } from "../support/sotto-command.ts";
import { tempFolder } from "../support/temp-folder.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));
const files = ["LICENSE", "README.md", "docs/protocol.md", "docs/operations.md", "docs/threat-model.md"];
const text = files.flatMap((file) => readFileSync(join(root, file), "utf8").trimEnd().split("\n"));
/** The same lines twice, each time in the same order: one that is lost, doubled or swapped shows. */
const lines = [...text, ...text];

describe("promises 1 to 3 through the balancer of npm run cluster", function () {
  this.timeout(120_000);
  let cluster: ClusterProcess;
  let folder: Awaited<ReturnType<typeof tempFolder>>;
  before(async () => {
    folder = await tempFolder();
    cluster = await ClusterProcess.start();
  });
  after(async () => {
    await cluster.end();
    await folder.remove();
  });

  const chat = (user: string, args: string[], input?: string | Readable) => {
    const place = ["--url", cluster.parts.url, "--data", join(folder.path, user), "--timeout", "90"];
    return startSotto(["chat", "--as", user, ...args, ...place], cluster.settings, input).ended;
  };

  it("hold line by line while one node after the other is drained, or killed, and started again", async () => {
    const pairs = [
      ["alice", "bob"],
      ["carol", "dave"],
    ] as const;
    for (const [, recipient] of pairs) expect((await chat(recipient, ["--register"])).status).to.equal(0);
    const { nodes } = cluster.parts;
    const flow = new Flow(nodes.length);
    const receiving = pairs.map(([, to]) => chat(to, ["--receive", String(lines.length)]));
    const sending = pairs.map(([from, to]) => chat(from, ["--with", to, "--until", "delivered"], flow.of(lines)));
    for (const [index, node] of nodes.entries()) {
      await eventually(async () => expect(await cluster.socketsOf(node), node.name).to.be.greaterThan(0), 20_000);
      flow.openNext();
      await cluster.restart(node, index === 1 ? "SIGKILL" : "SIGTERM");
    }
    flow.endPace();
    for (const { status, stdout, stderr } of await Promise.all(sending)) {
      expect(status, stderr).to.equal(0);
      expect(stdout).to.equal(`delivered ${lines.length}\n`);
    }
    for (const { status, stdout, stderr } of await Promise.all(receiving)) {
      expect(status, stderr).to.equal(0);
      expect(stdout.split("\n")).to.deep.equal([...lines, ""]);
    }
    expect(cluster.logs).not.to.match(/rejection-unhandled|node\.crashed/);
  });

  it("and nothing is left of it when it has ended", async () => {
    const { pids } = cluster;
    expect(pids).to.have.length(5);
    expect((await cluster.end()).status).to.equal(0);
    for (const pid of pids) expect(existsSync(`/proc/${pid}`), String(pid)).to.equal(false);
    expect(existsSync(cluster.parts.folder)).to.equal(false);
  });
});

/** Lines that come one by one, a part of them with each of so many events: none passes without traffic. */
class Flow {
  private readonly parts: number;
  private open = 0;
  private isPaced = true;

  constructor(parts: number) {
    this.parts = parts;
  }

  openNext(): void {
    this.open += 1;
  }
  endPace(): void {
    this.isPaced = false;
  }

  of(all: readonly string[]): Readable {
    return Readable.from(this.pace(all));
  }

  private async *pace(all: readonly string[]): AsyncIterable<string> {
    // The first is there at once, so that all are connected before anything happens.
    for (const [index, line] of all.entries()) {
      yield `${line}\n`;
      while (this.isPaced && index >= (all.length * this.open) / this.parts) await pause(10);
      if (this.isPaced) await pause(10);
    }
  }
}
