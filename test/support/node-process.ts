import { readFileSync } from "node:fs";
import { join } from "node:path";
import { tokenSecret } from "./gateway-node.ts";
import { startProcess, type Started } from "./sotto-command.ts";
import { tempFolder } from "./temp-folder.ts";

/** Makes dist/ what the sources say. */
export async function builtDist(): Promise<void> {
  const build = await startProcess(process.execPath, ["scripts/build-if-stale.mjs"], {}).ended;
  if (build.status !== 0) throw new Error(`the build failed: ${build.stderr}`);
}

/** Longer than any drain in these tests. */
const stopWithinMs = 20_000;

/** A node as operators run it: a process of its own, from dist/, on a data folder and ports that outlive it. */
export class NodeProcess {
  readonly folder: string;
  /** What a `sotto` command needs in its environment to talk to this node. */
  readonly settings: Record<string, string>;
  url = "";
  opsUrl = "";
  /** What all processes so far wrote on stderr. */
  private earlierLogs = "";
  private running: Started | undefined;
  private readonly removeFolder: () => Promise<void>;

  private readonly command: "start" | "worker";

  private constructor(
    folder: Awaited<ReturnType<typeof tempFolder>>,
    settings: Record<string, string>,
    command: "start" | "worker",
  ) {
    this.command = command;
    this.folder = folder.path;
    this.removeFolder = folder.remove;
    this.settings = {
      DATA_DIR: join(folder.path, "data"),
      AUTH_JWT_SECRET: tokenSecret,
      RATE_HANDSHAKES_PER_MINUTE: "100000",
      RATE_CLAIMED_PER_MINUTE: "100000",
      RATE_CLAIMS_PER_MINUTE: "100000",
      RATE_CONVERSATIONS_PER_HOUR: "100000",
      RATE_READDS_PER_HOUR: "100000",
      ...settings,
    };
  }

  /** `worker` instead of a node: its `url` is then that of its operator's port. */
  static async start(
    settings: Record<string, string> = {},
    command: "start" | "worker" = "start",
  ): Promise<NodeProcess> {
    await builtDist();
    const node = new NodeProcess(await tempFolder(), settings, command);
    await node.startAgain();
    return node;
  }

  get host(): string {
    return new URL(this.url).host;
  }
  get pid(): number {
    return this.running!.child.pid!;
  }
  get file(): string {
    return join(this.settings["DATA_DIR"]!, "sotto.db");
  }
  get logs(): string {
    return this.earlierLogs + (this.running?.output.stderr ?? "");
  }

  /** On the same data, and on the ports that it had. */
  async startAgain(): Promise<void> {
    const port = (url: string): string => (url === "" ? "0" : new URL(url).port);
    const ports = { PORT: port(this.url), OPS_PORT: port(this.opsUrl) };
    const command = ["dist/src/cli/main.js", this.command, "--json"];
    this.running = startProcess(process.execPath, command, { ...this.settings, ...ports });
    const [line] = await this.running.says(/^\{.*\}$/m);
    const { url, opsUrl } = JSON.parse(line) as { url: string; opsUrl: string };
    this.url = url;
    this.opsUrl = opsUrl;
  }

  /** `kill -9`; resolves when the process is gone. */
  async kill(): Promise<void> {
    this.running?.child.kill("SIGKILL");
    await this.running?.ended;
    this.earlierLogs += this.running?.output.stderr ?? "";
    this.running = undefined;
  }

  /** SIGTERM; resolves with the exit status when the process is gone: null for one that did not end by itself in time. */
  async stop(): Promise<number | null> {
    const { running } = this;
    running?.child.kill("SIGTERM");
    const impatience = setTimeout(() => running?.child.kill("SIGKILL"), stopWithinMs);
    const ended = await running?.ended;
    clearTimeout(impatience);
    this.earlierLogs += this.running?.output.stderr ?? "";
    this.running = undefined;
    return ended?.status ?? null;
  }

  /** Stops the process where it is, as on a machine that has no time for it; `resume` lets it go on. */
  freeze(): void {
    this.running?.child.kill("SIGSTOP");
  }
  resume(): void {
    this.running?.child.kill("SIGCONT");
  }

  async killAndStartAgain(): Promise<void> {
    await this.kill();
    await this.startAgain();
  }

  async close(): Promise<void> {
    await this.kill();
    await this.removeFolder();
  }

  /** The exposition text. */
  async metrics(): Promise<string> {
    return (await fetch(`${this.opsUrl}/metrics`)).text();
  }

  /** The value of one series, such as `sotto_requests_total{request="message:send",code="ok"}`; 0 where there is none. */
  async metric(series: string): Promise<number> {
    const line = (await this.metrics()).split("\n").find((one) => one.startsWith(`${series} `));
    return line === undefined ? 0 : Number(line.slice(series.length + 1));
  }

  /** The bytes of the database and of what SQLite keeps beside it. */
  databaseBytes(): Buffer[] {
    return ["", "-wal", "-shm"].flatMap((ending) => {
      try {
        return [readFileSync(this.file + ending)];
      } catch {
        return [];
      }
    });
  }
}
