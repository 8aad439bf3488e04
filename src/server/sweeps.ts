import type { Settings } from "../../config/settings.ts";
import { backstopOf, sweepsOf } from "../../workers/sweeps.ts";
import { startTimers, type Timers } from "../../workers/timers.ts";
import type { SweepPorts } from "../../workers/worker-ports.ts";
import { undeliveredTtlMs } from "./settings-in-parts.ts";

/** A node steps in for workers that have not been heard of for so many of a sweep's turns. */
const missedTurns = 20;

/** The work behind that a node does itself: all of it when it is alone; in a cluster what no worker has done for long. */
export function startNodeSweeps(settings: Settings, ports: SweepPorts): Timers {
  const sweeps = sweepsOf(ports, { undeliveredTtlMs: undeliveredTtlMs(settings) });
  return startTimers(settings.REDIS_URL === "" ? sweeps : backstopOf(ports, sweeps, missedTurns), ports.telemetry);
}
