/**
 * The composition root of a worker process: the same ports as a node's, without an edge. It rings, pushes, expires and purges
 * for all nodes; several share the work by leases in SQL. Decides nothing itself.
 */
import { databaseName } from "../config/load-settings.ts";
import type { Settings } from "../config/settings.ts";
import { runWorkers, type RunningWorkers } from "../workers/main.ts";
import { createServer } from "node:http";
import { createSocketServer } from "./gateway/socket-server.ts";
import { createLog, type NodeLog } from "./observability/log.ts";
import { createMetrics } from "./observability/metrics.ts";
import { answerOf, type ProcessReport } from "./server/admin-report.ts";
import { Closers } from "./server/closers.ts";
import { openBlobs } from "./server/open-blobs.ts";
import { openMeeting } from "./server/meeting.ts";
import { openOps } from "./server/ops.ts";
import { openStore } from "./server/open-store.ts";
import { pushingOf } from "./server/pushing.ts";
import { gatewaySettings, undeliveredTtlMs } from "./server/settings-in-parts.ts";
import { requireCluster } from "./server/require-cluster.ts";

/** A worker that runs. */
export interface RunningWorker {
  /** Where the operator looks: `http://host:port`. */
  url: string;
  /** `mysql://host:port/name` */
  database: string;
  /** Ends what is under way, within `DRAIN_SECONDS`, then releases everything. Safe to call twice. */
  close(): Promise<void>;
}

/** Starts the workers of a cluster. Throws `StartError` where there is none to work for, or its database cannot be used. */
export async function startWorkerProcess(
  settings: Settings,
  log: NodeLog = createLog({ level: settings.LOG_LEVEL }),
): Promise<RunningWorker> {
  requireCluster(settings);
  const closers = new Closers();
  try {
    return await compose(settings, log, closers);
  } catch (error) {
    await closers.closeAll();
    throw error;
  }
}

async function compose(settings: Settings, log: NodeLog, closers: Closers): Promise<RunningWorker> {
  const metrics = createMetrics();
  closers.add(() => metrics.close());
  const telemetry = { log, metrics };
  const { store } = await openStore(settings);
  closers.add(() => store.close());
  const meeting = await openMeeting(settings, { telemetry, closers });
  // A Socket.IO server that nobody can connect to: what it emits goes to the nodes.
  const delivery = meeting.deliveryThrough(createSocketServer(createServer(), gatewaySettings(settings)));
  const { presence, degradedReasons } = meeting;
  let isDraining = false;
  let workers: RunningWorkers | undefined;
  const url = await openOps(settings, {
    store,
    metrics,
    telemetry,
    closers,
    degradedReasons,
    isDraining: () => isDraining,
    sweepTimes: () => store.readSweeps(),
    processReport: () => reportOf(workers),
  });
  const blobs = await openBlobs(settings);
  const ports = {
    store,
    ...(blobs && { blobs }),
    delivery,
    presence,
    telemetry,
    ...pushingOf(settings, { store, telemetry }),
  };
  const running = (workers = runWorkers(ports, {
    redisUrl: settings.REDIS_URL,
    undeliveredTtlMs: undeliveredTtlMs(settings),
    stopWithinMs: settings.DRAIN_SECONDS * 1000,
  }));
  closers.add(() => running.close());
  log.info("worker.started", { url, pid: process.pid });
  let closed: Promise<void> | undefined;
  const close = async () => {
    isDraining = true;
    log.info("worker.stopping");
    await closers.closeAll();
    log.info("worker.stopped");
    log.flush();
  };
  return { url, database: databaseName(settings), close: () => (closed ??= close()) };
}

async function reportOf(workers: RunningWorkers | undefined): Promise<ProcessReport> {
  return { process: "worker", queues: workers ? await answerOf(workers.countJobs()) : null };
}
