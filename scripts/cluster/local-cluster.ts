import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { KeptProcess, type Ports, type StartProcess } from "./kept-process.ts";

/** All that one cluster has on this machine: its folder, its processes, its servers. It ends as one. */
export class LocalCluster {
  readonly folder = mkdtempSync(join(tmpdir(), "sotto-cluster-"));
  readonly say: (line: string) => void;
  private readonly processes: KeptProcess[] = [];
  private readonly ends: (() => Promise<unknown>)[] = [];
  private ending: Promise<void> | undefined;

  /** `say` gets what a person should hear, line by line. */
  constructor(say: (line: string) => void) {
    this.say = say;
  }

  get isEnding(): boolean {
    return this.ending !== undefined;
  }

  /** Starts a process, and starts it again whenever it ends. */
  keep(name: string, ports: Ports, start: StartProcess): KeptProcess {
    const kept = new KeptProcess({ name, ports, start, cluster: this });
    this.processes.push(kept);
    return kept;
  }

  /** To be ended when every process has. */
  endsWith(end: () => Promise<unknown>): void {
    this.ends.push(end);
  }

  /** However often it is asked for: a terminal's Ctrl-C comes once by itself and once through npm. */
  end(): Promise<void> {
    return (this.ending ??= this.cleanUp());
  }

  private async cleanUp(): Promise<void> {
    this.say("ending …");
    await Promise.all(this.processes.map((kept) => kept.end()));
    for (const end of this.ends) await end().catch(() => undefined);
    rmSync(this.folder, { recursive: true, force: true });
  }
}
