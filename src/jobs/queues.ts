/**
 * Jobs in Redis, by BullMQ: what is to be done, in names and ids. Nothing stands in a job that SQL does not say better: each
 * is decided anew when it runs, so that one lost, late or doubled does no harm.
 */
import type { JobsOptions } from "bullmq";

/** BullMQ's keys begin with it: see `cluster/keys.ts`. */
export const jobsPrefix = "sotto:jobs";

export const queueNames = {
  /** Scheduled: one job a sweep, with its name. */
  sweeps: "sweeps",
  /** Somebody who is due for a push, and which push of theirs it is. */
  wakes: "wakes",
} as const;

export interface WakeJob {
  user: string;
  newestAt: number;
  attempt: number;
}

/** Done and failed jobs are of no use to anybody: the log and the metrics say what came of them. */
export const jobOptions: JobsOptions = { removeOnComplete: true, removeOnFail: { count: 100 } };
