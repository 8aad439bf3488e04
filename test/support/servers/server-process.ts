import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";

/** The first of these programs that is on this machine, also where servers are kept from people's PATH. Undefined: none. */
export function findProgram(names: readonly string[]): string | undefined {
  const folders = [...(process.env["PATH"] ?? "").split(":"), "/usr/sbin", "/usr/local/sbin", "/usr/local/bin"];
  return names.flatMap((name) => folders.map((folder) => join(folder, name))).find((path) => existsSync(path));
}

const isRoot = process.getuid?.() === 0;

/** Servers do not run as root; and they end when this process does, however it ends. */
function guarded(program: string, args: readonly string[]): [string, string[]] {
  const setpriv = findProgram(["setpriv"]);
  if (setpriv === undefined) return [program, [...args]];
  const nobody = isRoot ? ["--reuid=nobody", "--regid=nogroup", "--clear-groups"] : [];
  return [setpriv, [...nobody, "--pdeathsig", "KILL", program, ...args]];
}

/** Who such a server's files must belong to: undefined where it runs as ourselves. */
export const serverOwner: string | undefined = isRoot ? "nobody:nogroup" : undefined;

/** Gives a folder to the user that servers run as. */
export function giveToServer(folder: string): void {
  if (serverOwner !== undefined) run("chown", ["-R", serverOwner, folder]);
}

/** Runs a program to its end. Throws with what it said when it fails. */
export function run(program: string, args: readonly string[], options: { asServer?: boolean } = {}): void {
  const [command, all] = options.asServer ? guarded(program, args) : [program, [...args]];
  const { status, stderr, error } = spawnSync(command, all, { encoding: "utf8", cwd: "/" });
  if (status !== 0) throw new Error(`${program} failed: ${error?.message ?? stderr.slice(-2000)}`);
}

/** One server as a process. What it says is kept, for whoever wonders why it did not start. */
export class ServerProcess {
  readonly child: ChildProcess;
  readonly ended: Promise<void>;
  output = "";

  constructor(program: string, args: readonly string[]) {
    const [command, all] = guarded(program, args);
    this.child = spawn(command, all, { stdio: ["ignore", "pipe", "pipe"], cwd: "/" });
    const keep = (chunk: Buffer) => (this.output = (this.output + chunk.toString()).slice(-20_000));
    this.child.stdout?.on("data", keep);
    this.child.stderr?.on("data", keep);
    this.ended = new Promise((resolve) => this.child.once("close", () => resolve()));
    // A test process that ends in any orderly way takes its servers along; pdeathsig sees to the others.
    const killNow = () => this.child.kill("SIGKILL");
    process.once("exit", killNow);
    void this.ended.then(() => process.off("exit", killNow));
  }

  get pid(): number {
    return this.child.pid!;
  }

  /** Sends a signal, and resolves when the process is gone. */
  async end(signal: "SIGTERM" | "SIGKILL"): Promise<void> {
    this.child.kill(signal);
    await this.ended;
  }

  /** Stops it where it is, as a machine that has no time for it; `resume` lets it go on. */
  pause(): void {
    this.child.kill("SIGSTOP");
  }
  resume(): void {
    this.child.kill("SIGCONT");
  }

  /** Tries until `isUp` does not throw. Rejects when the process has ended, or after `timeoutMs`. */
  async until(isUp: () => Promise<void>, timeoutMs = 20_000): Promise<void> {
    const deadline = Date.now() + timeoutMs;
    for (;;) {
      if (this.child.exitCode !== null) throw new Error(`The server has ended: ${this.output}`);
      try {
        await isUp();
        return;
      } catch (error) {
        if (Date.now() > deadline) throw error;
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    }
  }
}
