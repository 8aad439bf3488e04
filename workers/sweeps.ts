/**
 * All that is swept, by name: what it does, and how often it should. The same for timers and for jobs. Whoever sweeps, it is
 * the database's time that counts: a process whose clock is wrong does no more than any other.
 */
import { removeOrphanedBlobs } from "./blobs.ts";
import { atDatabaseTime } from "./database-time.ts";
import { expireUndelivered, ringLaggards } from "./delivery.ts";
import { prepareStore } from "./prepare.ts";
import { reapPresence } from "./presence.ts";
import { purgeEveryMs, purgeInTurn } from "./purge.ts";
import { findDueWakes, wakeHere, type LeasedWake } from "./wakes.ts";
import type { SweepPorts, WorkerPorts } from "./worker-ports.ts";

export const sweepNames = ["ring", "wake", "expire", "purge", "presence", "prepare", "orphans"] as const;
export type SweepName = (typeof sweepNames)[number];

export interface Sweep {
  name: SweepName;
  everyMs: number;
  run: () => Promise<unknown>;
}

export interface SweepOptions {
  undeliveredTtlMs: number;
  /** Who works off what is due for a push; this process, if nothing else is said. */
  handOn?: (wakes: readonly LeasedWake[]) => Promise<void>;
}

const second = 1000;
const minute = 60 * second;

export function sweepsOf(ports: SweepPorts, { undeliveredTtlMs, handOn }: SweepOptions): Sweep[] {
  const timed = (run: (ports: WorkerPorts) => Promise<unknown>) => async () => run(await atDatabaseTime(ports));
  const wake = (due: WorkerPorts) => handOn ?? ((wakes: readonly LeasedWake[]) => wakeHere(due, wakes));
  return [
    { name: "ring", everyMs: second, run: timed(ringLaggards) },
    { name: "wake", everyMs: second, run: timed((due) => findDueWakes(due, wake(due))) },
    { name: "expire", everyMs: minute, run: timed((due) => expireUndelivered(due, undeliveredTtlMs)) },
    { name: "purge", everyMs: purgeEveryMs, run: timed(purgeInTurn) },
    { name: "presence", everyMs: 5 * second, run: () => reapPresence(ports) },
    { name: "prepare", everyMs: 60 * minute, run: timed(prepareStore) },
    { name: "orphans", everyMs: 6 * 60 * minute, run: timed(removeOrphans) },
  ];
}

/** Bytes that no books know of, where there are any. */
const removeOrphans = async ({ blobs, ...ports }: WorkerPorts): Promise<unknown> =>
  blobs && removeOrphanedBlobs({ ...ports, blobs });

/**
 * The same sweeps for a process that is not the one to do them: each runs only when nobody has run it for so many of its
 * turns. So that whatever becomes of Redis, of the workers or of their jobs, nothing is left undone for long.
 */
export function backstopOf({ store }: SweepPorts, sweeps: readonly Sweep[], turns: number): Sweep[] {
  return sweeps.map((sweep) => ({
    ...sweep,
    everyMs: sweep.everyMs * turns,
    run: async () => {
      if (await store.claimSweep(sweep.name, sweep.everyMs * turns, await store.clock())) await sweep.run();
    },
  }));
}

/** A sweep's turn by whoever is to do it, noted so that the backstops know. */
export async function runTurn({ store }: SweepPorts, sweep: Sweep): Promise<void> {
  // The least that lies between two turns: two schedulers at once do the work of one.
  if (await store.claimSweep(sweep.name, sweep.everyMs / 2, await store.clock())) await sweep.run();
}
