import type { ChildProcess } from "node:child_process";
import { closeSync, openSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";

export interface Ports {
  port: number;
  opsPort: number;
}

/** `log`: the open file that takes what the process says. */
export type StartProcess = (log: number) => ChildProcess;

/** The cluster that it is one of. */
interface Surroundings {
  readonly folder: string;
  readonly isEnding: boolean;
  say(line: string): void;
}

const quickMs = 5_000;
const longestPauseMs = 10_000;
const endWithinMs = 12_000;

/** A process that is started again when it ends, later each time it ends soon. */
export class KeptProcess {
  readonly name: string;
  readonly ports: Ports;
  readonly logFile: string;
  /** Of the process that runs now: each start writes it. */
  readonly pidFile: string;
  private child!: ChildProcess;
  private readonly cluster: Surroundings;
  private readonly start: StartProcess;
  private quickEnds = 0;

  constructor({
    name,
    ports,
    start,
    cluster,
  }: {
    name: string;
    ports: Ports;
    start: StartProcess;
    cluster: Surroundings;
  }) {
    this.name = name;
    this.ports = ports;
    this.start = start;
    this.cluster = cluster;
    this.logFile = join(cluster.folder, `${name}.log`);
    this.pidFile = join(cluster.folder, `${name}.pid`);
    this.run();
  }

  get pid(): number | undefined {
    return this.child.pid;
  }

  async end(): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const gone = new Promise((resolve) => this.child.once("exit", resolve));
    this.child.kill("SIGTERM");
    const hard = setTimeout(() => this.child.kill("SIGKILL"), endWithinMs);
    await gone;
    clearTimeout(hard);
  }

  private run(): void {
    const startedAt = performance.now();
    this.child = this.startLogged();
    // Whoever reads it finds a whole number: the one before, or this.
    writeFileSync(`${this.pidFile}.new`, `${this.child.pid}\n`);
    renameSync(`${this.pidFile}.new`, this.pidFile);
    this.child.once("exit", (status, signal) => this.ended(signal ?? status, performance.now() - startedAt));
  }

  private startLogged(): ChildProcess {
    const log = openSync(this.logFile, "a");
    try {
      return this.start(log);
    } finally {
      closeSync(log);
    }
  }

  private ended(how: string | number | null, ranMs: number): void {
    if (this.cluster.isEnding) return;
    this.quickEnds = ranMs < quickMs ? this.quickEnds + 1 : 0;
    const waitMs = Math.min(200 * 2 ** this.quickEnds, longestPauseMs);
    this.cluster.say(`${this.name} has ended (${how}); it is started again in ${waitMs} ms. Its log: ${this.logFile}`);
    setTimeout(() => !this.cluster.isEnding && this.run(), waitMs);
  }
}
