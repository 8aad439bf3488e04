import { readFileSync } from "node:fs";
import { eventually } from "./eventually.ts";
import { builtDist } from "./node-process.ts";
import { startProcess, type Finished, type Started } from "./sotto-command.ts";

export interface ClusterPart {
  name: string;
  pidFile: string;
  opsUrl: string;
  log: string;
}

interface Announced {
  url: string;
  nodes: ClusterPart[];
  workers: ClusterPart[];
  folder: string;
  secret: string;
}

/** `npm run cluster` as an operator runs it: a process that has nodes, workers, a balancer and servers of its own. */
export class ClusterProcess {
  /** What it says of itself with `--json`. `url` is the balancer's. */
  readonly parts: Announced;
  private readonly running: Started;

  private constructor(parts: Announced, running: Started) {
    this.parts = parts;
    this.running = running;
  }

  static async start(settings: Record<string, string> = {}): Promise<ClusterProcess> {
    await builtDist();
    const command = ["--import", "tsx", "scripts/cluster.ts", "--json", "--port", "0"];
    const running = startProcess(process.execPath, command, settings);
    const [line] = await running.says(/^\{.*\}$/m);
    return new ClusterProcess(JSON.parse(line) as Announced, running);
  }

  /** What a `sotto chat` needs in its environment. */
  get settings(): Record<string, string> {
    return { AUTH_JWT_SECRET: this.parts.secret };
  }

  pidOf({ pidFile }: ClusterPart): number {
    return Number(readFileSync(pidFile, "utf8"));
  }

  /** Every process that it named. */
  get pids(): number[] {
    return [...this.parts.nodes, ...this.parts.workers].map((part) => this.pidOf(part));
  }

  /** Resolves when another process has taken the place of the one that was signalled, and gets traffic. */
  async restart(part: ClusterPart, signal: "SIGTERM" | "SIGKILL"): Promise<void> {
    const before = this.pidOf(part);
    process.kill(before, signal);
    await eventually(async () => {
      if (this.pidOf(part) === before) throw new Error(`${part.name} has not been started again`);
      const { ok, status } = await fetch(`${part.opsUrl}/readyz`);
      if (!ok) throw new Error(`${part.name} answers ${status}`);
    }, 30_000);
  }

  /** How many sockets it has. */
  async socketsOf({ opsUrl }: ClusterPart): Promise<number> {
    const metrics = await (await fetch(`${opsUrl}/metrics`)).text();
    return Number(/^sotto_sockets (\d+)$/m.exec(metrics)?.[1] ?? NaN);
  }

  get logs(): string {
    return [...this.parts.nodes, ...this.parts.workers].map(({ log }) => readFileSync(log, "utf8")).join("");
  }

  /** SIGTERM; resolves when it has ended. */
  async end(): Promise<Finished> {
    this.running.child.kill("SIGTERM");
    return this.running.ended;
  }
}
