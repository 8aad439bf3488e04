/**
 * The workers of a cluster on BullMQ: schedulers give each sweep its turn, on whichever worker is free, and pushes go out as
 * jobs of their own. Beside them the same sweeps run on timers as a backstop, by what SQL says was last run: with Redis gone
 * for good the work goes on.
 */
import { Queue, Worker } from "bullmq";
import { QueueConnections } from "../src/jobs/queue-connections.ts";
import { jobOptions, jobsPrefix, queueNames, type WakeJob } from "../src/jobs/queues.ts";
import type { UserId } from "../src/protocol/ids.ts";
import { atDatabaseTime } from "./database-time.ts";
import { backstopOf, runTurn, sweepsOf, type Sweep } from "./sweeps.ts";
import { startTimers } from "./timers.ts";
import { wakeUser, type LeasedWake } from "./wakes.ts";
import type { SweepPorts } from "./worker-ports.ts";

export interface WorkersOptions {
  redisUrl: string;
  undeliveredTtlMs: number;
  /** How long jobs under way may take when the workers are asked to stop. */
  stopWithinMs: number;
}

export interface RunningWorkers {
  /** Jobs by queue and state. Waits for Redis while it is away. */
  countJobs(): Promise<Record<string, Record<string, number>>>;
  /** Takes no more jobs, waits for those under way within the limit, and releases everything. */
  close(): Promise<void>;
}

const countedStates = ["active", "waiting", "delayed", "failed"] as const;
/** A sweep that was not run for so many of its turns is run by the backstop. */
const missedTurns = 5;
const wakesAtOnce = 20;
/** A worker that is not heard of for so long has lost its job: another one takes it. */
const lockMs = 30_000;

export function runWorkers(ports: SweepPorts, options: WorkersOptions): RunningWorkers {
  const redis = { url: options.redisUrl, telemetry: ports.telemetry };
  const forSweeps = new QueueConnections(queueNames.sweeps, redis);
  const forWakes = new QueueConnections(queueNames.wakes, redis);
  const shared = { prefix: jobsPrefix, skipVersionCheck: true };
  const sweepQueue = new Queue(queueNames.sweeps, { ...shared, connection: forSweeps.toAdd });
  const wakeQueue = new Queue<WakeJob>(queueNames.wakes, { ...shared, connection: forWakes.toAdd });
  const sweeps = sweepsOf(ports, {
    undeliveredTtlMs: options.undeliveredTtlMs,
    handOn: (wakes) => enqueueWakes(wakeQueue, wakes),
  });
  const running = new Set<string>();
  const sweepOf = new Map<string, Sweep>(sweeps.map((sweep) => [sweep.name, sweep]));
  const sweeper = new Worker(
    queueNames.sweeps,
    async ({ name }) => {
      const sweep = sweepOf.get(name);
      // A turn that takes longer than the pause between two is not joined by the next.
      if (!sweep || running.has(name)) return;
      running.add(name);
      await runTurn(ports, sweep).finally(() => running.delete(name));
    },
    { ...shared, connection: forSweeps.toWork, concurrency: sweeps.length, lockDuration: lockMs },
  );
  const waker = new Worker<WakeJob>(
    queueNames.wakes,
    async ({ data }) => wakeUser(await atDatabaseTime(ports), { ...data, user: data.user as UserId }),
    {
      ...shared,
      connection: forWakes.toWork,
      concurrency: wakesAtOnce,
      lockDuration: lockMs,
    },
  );
  forSweeps.watch(sweepQueue, sweeper);
  forWakes.watch(wakeQueue, waker);
  for (const worker of [sweeper, waker] as Worker[]) {
    worker.on("failed", (job, error) => ports.telemetry.log.error("job.failed", { job: job?.name ?? "", error }));
  }
  const schedule = onceAtATime(() => scheduleSweeps(sweepQueue, sweeps));
  schedule();
  // In the backstop users are worked off here: their jobs may be where nobody reads them.
  const alone = sweepsOf(ports, { undeliveredTtlMs: options.undeliveredTtlMs });
  const timers = startTimers(backstopOf(ports, alone, missedTurns), ports.telemetry);
  const rescheduling = setInterval(schedule, 5_000).unref();
  return {
    countJobs: async () => ({
      [queueNames.sweeps]: await sweepQueue.getJobCounts(...countedStates),
      [queueNames.wakes]: await wakeQueue.getJobCounts(...countedStates),
    }),
    close: async () => {
      clearInterval(rescheduling);
      for (const connections of [forSweeps, forWakes]) connections.expectEnd();
      await within(
        options.stopWithinMs,
        Promise.all([timers.stop(), sweeper.close(), waker.close()]).then(() =>
          Promise.all([sweepQueue.close(), wakeQueue.close()]),
        ),
      );
      for (const connections of [forSweeps, forWakes]) connections.close();
    },
  };
}

/** While Redis is away a call waits for it: no second one joins it. */
function onceAtATime(work: () => Promise<void>): () => void {
  let isUnderWay = false;
  return () => {
    if (isUnderWay) return;
    isUnderWay = true;
    void work().finally(() => (isUnderWay = false));
  };
}

/** Again and again: after a flush Redis knows of no schedule. What is there already stays as it is. */
async function scheduleSweeps(queue: Queue, sweeps: readonly Sweep[]): Promise<void> {
  for (const { name, everyMs } of sweeps) {
    await queue
      .upsertJobScheduler(name, { every: everyMs }, { name, data: {}, opts: jobOptions })
      .catch(() => undefined);
  }
}

/**
 * One job a user at a time; one that is asked for while it runs is run once more. Each is added by itself: what BullMQ adds
 * in bulk is a transaction, which fails from then on when a Redis comes back that has forgotten its scripts.
 */
async function enqueueWakes(queue: Queue<WakeJob>, wakes: readonly LeasedWake[]): Promise<void> {
  await Promise.all(
    wakes.map(({ user, newestAt, attempt }) =>
      queue.add(
        "wake",
        { user, newestAt, attempt },
        { ...jobOptions, deduplication: { id: user, keepLastIfActive: true } },
      ),
    ),
  );
}

/** BullMQ waits for its jobs without end. */
async function within(limitMs: number, work: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, limitMs);
  });
  await Promise.race([work.catch(() => undefined), limit]);
  clearTimeout(timer);
}
