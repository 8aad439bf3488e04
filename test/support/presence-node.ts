import { fork, type ChildProcess } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { PresenceEntry } from "../../src/actors/ports/presence.ts";
import { silentTelemetry } from "../../src/actors/ports/silent-telemetry.ts";
import { RedisConnection } from "../../src/cluster/redis-connection.ts";
import { RedisPresence, type PresenceTimings } from "../../src/cluster/redis-presence.ts";
import { newId, userId, type DeviceId } from "../../src/protocol/ids.ts";
import { bareEnvironment } from "./sotto-command.ts";

/** For what is to run out. */
export const quickPresence: PresenceTimings = { leaseMs: 900, heartbeatMs: 150, graceMs: 300 };
/** For all else: a machine that has no time for a second ends no lease. */
const lastingPresence: PresenceTimings = { ...quickPresence, leaseMs: 20_000 };

/** Sockets of as many people, none like those of another round. */
export function socketsOf(count: number, round: number): PresenceEntry[] {
  return Array.from({ length: count }, (_, index) => ({
    user: userId.parse(`user-${round}-${index}`),
    device: newId<DeviceId>(),
    socket: `socket-${round}-${index}`,
  }));
}

/** One node's presence over Redis. */
export class PresenceNode {
  readonly presence: RedisPresence;
  private readonly connections: RedisConnection[];

  private constructor(url: string, timings: Partial<PresenceTimings>) {
    const telemetry = silentTelemetry;
    const connection = new RedisConnection({ url, telemetry, name: "test" });
    const subscriber = new RedisConnection({ url, telemetry, name: "test" });
    this.connections = [connection, subscriber];
    this.presence = new RedisPresence({
      connection,
      subscriber,
      telemetry,
      timings: { ...lastingPresence, ...timings },
    });
  }

  static async open(url: string, timings: Partial<PresenceTimings> = {}): Promise<PresenceNode> {
    const node = new PresenceNode(url, timings);
    await Promise.all(node.connections.map((connection) => connection.whenReady()));
    return node;
  }

  /** As a node that has drained: what is registered stays behind. */
  close(): void {
    this.presence.close();
    for (const connection of this.connections) connection.close();
  }
}

const childFile = fileURLToPath(new URL("presence-child.ts", import.meta.url));

/** A node's presence in a process of its own, to be killed. */
export class PresenceProcess {
  private readonly child: ChildProcess;

  private constructor(child: ChildProcess) {
    this.child = child;
  }

  /** Resolves when these have joined there. */
  static async holding(url: string, sockets: readonly PresenceEntry[]): Promise<PresenceProcess> {
    const child = fork(childFile, [url], {
      execArgv: ["--import", "tsx"],
      env: bareEnvironment({}) as NodeJS.ProcessEnv,
      stdio: ["ignore", "ignore", "inherit", "ipc"],
    });
    const held = new Promise<void>((resolve, reject) => {
      child.once("message", () => resolve());
      child.once("exit", () => reject(new Error("it ended before it held them")));
    });
    child.send(sockets);
    await held;
    return new PresenceProcess(child);
  }

  pause(): void {
    this.child.kill("SIGSTOP");
  }
  resume(): void {
    this.child.kill("SIGCONT");
  }

  /** Frozen or not; more than once does no harm. */
  async kill(): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const ended = new Promise((resolve) => this.child.once("exit", resolve));
    this.child.kill("SIGKILL");
    await ended;
  }
}
