import { expect } from "chai";
import { spawn } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { createClient } from "../../src/client/index.ts";
import { fileStore } from "../../src/client/node.ts";
import { userId } from "../../src/protocol/ids.ts";
import { secretsOf } from "../support/client-secrets.ts";
import { DeviceSocket } from "../support/device-socket.ts";
import { eventually } from "../support/eventually.ts";
import { keysIn, leaks, textsIn } from "../support/find-secrets.ts";
import { tokenFor } from "../support/gateway-node.ts";
import { entriesInFile } from "../support/kept-entries.ts";
import { NodeProcess } from "../support/node-process.ts";
import { refusal } from "../support/refusal.ts";
import { bareEnvironment } from "../support/sotto-command.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));
const canary = "a canary that sings in one place only: Zilpzalp-7b1e";

/** README and docs, line by line, the empty and the doubled ones too. */
function realText(): string[] {
  const docs = readdirSync(join(root, "docs")).filter((name) => name.endsWith(".md"));
  const files = ["README.md", ...docs.map((name) => join("docs", name))];
  return [...files.flatMap((file) => readFileSync(join(root, file), "utf8").split("\n")), canary];
}

describe("promises 1 to 4: lines of a real text survive a kill and arrive once", function () {
  this.timeout(120_000);
  let node: NodeProcess;
  const lines = realText();
  const replies: string[] = [];
  before(async () => {
    node = await NodeProcess.start({ LOG_LEVEL: "trace" });
  });
  after(() => node.close());

  const dataOf = (user: string): string => join(node.folder, user);
  function chat(args: string[], input = ""): Promise<{ status: number | null; stdout: string; stderr: string }> {
    const user = args[args.indexOf("--as") + 1]!;
    const command = [
      "dist/src/cli/main.js",
      "chat",
      ...args,
      "--url",
      node.url,
      "--data",
      dataOf(user),
      "--timeout",
      "40",
    ];
    const child = spawn(process.execPath, command, {
      cwd: root,
      env: bareEnvironment(node.settings) as NodeJS.ProcessEnv,
    });
    const output = { stdout: "", stderr: "" };
    child.stdout.setEncoding("utf8").on("data", (text: string) => (output.stdout += text));
    child.stderr.setEncoding("utf8").on("data", (text: string) => (output.stderr += text));
    child.stdin.end(input);
    return new Promise((resolve) => child.once("close", (status) => resolve({ status, ...output })));
  }

  it("from one who writes to one who is away, with the node killed in the middle", async () => {
    expect(lines.length).to.be.greaterThan(300);
    expect(lines).to.include("");
    expect(new Set(lines).size, "lines that are there twice").to.be.lessThan(lines.length);
    expect((await chat(["--as", "bob", "--register"])).status).to.equal(0);

    const sending = chat(["--as", "alice", "--with", "bob", "--until", "accepted"], `${lines.join("\n")}\n`);
    const accepted = (): Promise<number> => node.metric("sotto_messages_accepted_total");
    await eventually(async () => expect(await accepted()).to.be.greaterThan(0), 20_000, 1);
    await node.kill();
    const stored = (await entriesInFile(node.file)).filter(({ sender }) => sender === "alice").length - 1;
    expect(stored, "accepted when the node was killed").to.be.within(1, lines.length - 1);
    await node.startAgain();
    const sent = await sending;
    expect(sent.status, sent.stderr).to.equal(0);
    expect(sent.stdout).to.equal(`accepted ${lines.length}\n`);

    const received = await chat(["--as", "bob", "--receive", String(lines.length)]);
    expect(received.status, received.stderr).to.equal(0);
    expect(received.stdout.split("\n")).to.deep.equal([...lines, ""]);
  });

  it("and end as delivered with their sender, who hears of it when she is back", async () => {
    const bob = chat(["--as", "bob", "--receive", "1"]);
    const last = await chat(["--as", "alice", "--with", "bob", "--until", "delivered", "--json"], "one more\n");
    // What the first run had heard to be accepted, and had no time to see in the log, is counted once more.
    const { sent, states: reached } = JSON.parse(last.stdout) as { sent: number; states: Record<string, number> };
    expect(reached).to.deep.equal({ delivered: sent });
    expect((await bob).stdout).to.equal("one more\n");
    const states = await statesOf("alice", "bob");
    expect(states).to.deep.equal(Array(lines.length + 1).fill("delivered"));
  });

  it("and no line, no key of theirs is in the database, its WAL, the logs, the metrics or a reply", async () => {
    await sendGarbage();
    await node.kill();
    const haystack = [...node.databaseBytes(), Buffer.from(node.logs), Buffer.from(replies.join("\n"))];
    const keys = [...(await secretsOf(storeOf("alice"))), ...(await secretsOf(storeOf("bob")))];
    const texts = [...new Set(lines.map((line) => line.trim()).filter((line) => line.length >= 12))];
    expect(keys.length).to.be.greaterThan(100);
    expect(node.logs).to.include("socket.admitted");
    expect(textsIn(haystack, texts)).to.deep.equal([]);
    expect(keysIn(haystack, keys).length).to.equal(0);
    // The same search finds them where they are.
    const database = haystack[0]!;
    const planted = (leak: Buffer): Buffer[] => [
      Buffer.concat([database.subarray(0, 5000), leak, database.subarray(5000, 50_000)]),
    ];
    for (const leak of leaks(Buffer.from(canary))) expect(textsIn(planted(leak), texts)).to.deep.equal([canary]);
    for (const key of [keys[0]!, keys.at(-1)!]) {
      for (const leak of leaks(key)) expect(keysIn(planted(leak), [key]), leak.toString("latin1")).to.have.length(1);
    }
    expect(textsIn(haystack, ["socket.admitted", "invalid-request", "sotto_requests_total"])).to.have.length(3);
  });

  const storeOf = (user: string) =>
    fileStore(dataOf(user), { passphrase: readFileSync(join(dataOf(user), "passphrase"), "utf8").trim() });

  async function statesOf(user: string, peer: string): Promise<string[]> {
    const client = await createClient({ url: node.url, user, token: () => tokenFor(user), store: storeOf(user) });
    try {
      await client.connect();
      await client.sync();
      const { messages } = await (await client.direct(peer)).history({ limit: 10_000 });
      return messages.map((one) => ("state" in one ? one.state : one.reason));
    } finally {
      await client.close();
    }
  }

  /** Requests that quote the canary where it does not belong: what comes back, and what is logged, must not. */
  async function sendGarbage(): Promise<void> {
    const socket = await DeviceSocket.connectAs(node, userId.parse("mallory"));
    for (const [event, request] of [
      ["message:send", { payload: canary, conversation: canary }],
      ["session:prove", { device: canary, signature: canary }],
      [canary, {}],
      ["link:offer", canary],
    ] as const) {
      replies.push(JSON.stringify(await socket.ask(event, request)));
    }
    socket.close();
    const refused = await refusal(DeviceSocket.connect(node, { token: canary, protocol: 1 }), "token-invalid");
    replies.push(JSON.stringify(refused.toWire()), await node.metrics());
  }
});
