/**
 * Runs sweeps inside a node, each on a timer of its own with jitter. A sweep never overlaps itself; one that throws is
 * logged and tried again at its next turn.
 */
import type { Telemetry } from "../src/actors/ports/silent-telemetry.ts";
import { expireUndelivered, ringLaggards } from "./delivery.ts";
import { purgeExpired } from "./purge.ts";
import type { WorkerPorts } from "./worker-ports.ts";

export interface Sweep {
  name: string;
  everyMs: number;
  run: () => Promise<unknown>;
}

export interface Timers {
  /** Starts no more sweeps, and resolves when those under way have ended. */
  stop(): Promise<void>;
}

/** Times in milliseconds. */
export interface SweepSettings {
  undeliveredTtlMs: number;
  ringEveryMs?: number;
  expireEveryMs?: number;
  purgeEveryMs?: number;
}

/** Everything that an embedded node sweeps: doorbells every second, expiry every minute, purge every ten. */
export function embeddedSweeps(ports: WorkerPorts, settings: SweepSettings): Sweep[] {
  return [
    { name: "ring", everyMs: settings.ringEveryMs ?? 1000, run: () => ringLaggards(ports) },
    {
      name: "expire",
      everyMs: settings.expireEveryMs ?? 60_000,
      run: () => expireUndelivered(ports, settings.undeliveredTtlMs),
    },
    { name: "purge", everyMs: settings.purgeEveryMs ?? 600_000, run: () => purgeExpired(ports) },
  ];
}

export function startTimers(sweeps: readonly Sweep[], telemetry: Telemetry): Timers {
  const stops = sweeps.map((sweep) => startTimer(sweep, telemetry));
  return {
    stop: async () => {
      await Promise.all(stops.map((stop) => stop()));
    },
  };
}

function startTimer(sweep: Sweep, telemetry: Telemetry): () => Promise<void> {
  let isStopped = false;
  let running = Promise.resolve();
  let timer: NodeJS.Timeout;
  const wait = () => {
    timer = setTimeout(turn, sweep.everyMs * (0.9 + Math.random() * 0.2));
  };
  const turn = () => {
    running = runOnce(sweep, telemetry).then(() => {
      if (!isStopped) wait();
    });
  };
  wait();
  return () => {
    isStopped = true;
    clearTimeout(timer);
    return running;
  };
}

async function runOnce({ name, run }: Sweep, { log, metrics }: Telemetry): Promise<void> {
  const startedAt = performance.now();
  try {
    await run();
    metrics.count("sweeps", { job: name, outcome: "ok" });
  } catch (error) {
    metrics.count("sweeps", { job: name, outcome: "failed" });
    log.error("sweep.failed", { job: name, error });
  }
  metrics.observe("sweep", (performance.now() - startedAt) / 1000, { job: name });
}
