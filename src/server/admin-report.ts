import type { Settings } from "../../config/settings.ts";
import type { PurgeRun } from "../../workers/purge.ts";
import type { MailboxLoad } from "../actors/mailbox.ts";
import type { Store } from "../actors/ports/store.ts";
import { sottoVersion } from "../protocol/version.ts";

/** What only the process itself knows. */
export interface ProcessReport {
  process: "node" | "worker";
  /** Of a node: connected now. */
  sockets?: number;
  mailboxes?: MailboxLoad;
  /** Jobs by queue and state, where this process owns the queues; null while Redis does not answer. */
  queues?: Record<string, Record<string, number>> | null;
}

export type SweepTimes = { name: string; ranAt: number }[];

export interface AdminParts {
  sizes: () => ReturnType<Store["measure"]>;
  /** When each sweep last ran. */
  sweepTimes: () => Promise<SweepTimes>;
  processReport: () => Promise<ProcessReport>;
  /** What the last purge did. */
  lastPurge: () => Promise<PurgeRun | undefined>;
  degradedReasons: () => string[];
  isDraining: () => boolean;
}

const answerWithinMs = 2000;

/** What an operator sees at /admin: numbers, names of sweeps and queues, times; nobody's id. Null: what does not answer. */
export async function adminReport(settings: Settings, parts: AdminParts): Promise<object> {
  const [about, sizes, sweeps, purge] = await Promise.all([
    parts.processReport(),
    answerOf(parts.sizes()),
    answerOf(parts.sweepTimes()),
    answerOf(parts.lastPurge()),
  ]);
  const { process: kind, ...ofProcess } = about;
  return {
    version: sottoVersion,
    process: kind,
    pid: process.pid,
    uptimeSeconds: Math.floor(process.uptime()),
    draining: parts.isDraining(),
    degraded: parts.degradedReasons(),
    ...ofProcess,
    store: sizes && {
      conversations: sizes.conversations,
      messages: sizes.messages,
      devices: sizes.devices,
      dueConversations: sizes.due,
      databaseBytes: sizes.bytes,
    },
    settings: {
      historyRetentionDays: settings.HISTORY_RETENTION_DAYS,
      undeliveredTtlDays: settings.UNDELIVERED_TTL_DAYS,
    },
    lastPurge: purge ? purgeReport(purge) : null,
    sweeps: sweeps && sweeps.map(({ name, ranAt }) => ({ name, ranAt: new Date(ranAt).toISOString() })),
  };
}

/** By table, those with nothing to do left out. `putOff`: of which the rest is to go at a later turn. */
function purgeReport({ startedAt, tookMs, nextAt, rows, tables }: PurgeRun): object {
  const deleted: Record<string, number> = {};
  for (const line of tables) if (line.rows > 0) deleted[line.table] = (deleted[line.table] ?? 0) + line.rows;
  const putOff = [...new Set(tables.filter((line) => line.putOff).map(({ table }) => table))];
  const at = (time: number) => new Date(time).toISOString();
  return { startedAt: at(startedAt), tookMs, nextAt: at(nextAt), rows, deleted, putOff };
}

/** Null for what fails, or takes longer than somebody who looks would wait. */
export async function answerOf<Answer>(asked: Promise<Answer>): Promise<Answer | null> {
  let timer: NodeJS.Timeout | undefined;
  const patience = new Promise<null>((resolve) => {
    timer = setTimeout(resolve, answerWithinMs, null);
  });
  const answer = await Promise.race([asked, patience]).catch(() => null);
  clearTimeout(timer);
  return answer;
}
