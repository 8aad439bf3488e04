/**
 * Runs sweeps inside a node, each on a timer of its own with jitter. A sweep never overlaps itself; one that throws is
 * logged and tried again at its next turn.
 */
import type { Telemetry } from "../src/actors/ports/silent-telemetry.ts";

export interface TimedSweep {
  name: string;
  everyMs: number;
  run: () => Promise<unknown>;
}

export interface Timers {
  /** Starts no more sweeps, and resolves when those under way have ended. */
  stop(): Promise<void>;
  /** When each sweep last had its turn, by name. */
  turns(): { name: string; ranAt: number }[];
}

export function startTimers(sweeps: readonly TimedSweep[], telemetry: Telemetry): Timers {
  const ranAt = new Map<string, number>();
  const stops = sweeps.map((sweep) => startTimer(sweep, telemetry, () => ranAt.set(sweep.name, Date.now())));
  return {
    stop: async () => {
      await Promise.all(stops.map((stop) => stop()));
    },
    turns: () => [...ranAt].map(([name, at]) => ({ name, ranAt: at })),
  };
}

function startTimer(sweep: TimedSweep, telemetry: Telemetry, onTurn: () => void): () => Promise<void> {
  let isStopped = false;
  let running = Promise.resolve();
  let timer: NodeJS.Timeout;
  const wait = () => {
    timer = setTimeout(turn, sweep.everyMs * (0.9 + Math.random() * 0.2));
  };
  const turn = () => {
    onTurn();
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

async function runOnce({ name, run }: TimedSweep, { log, metrics }: Telemetry): Promise<void> {
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
