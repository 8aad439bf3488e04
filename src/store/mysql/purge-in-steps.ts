import type { PurgeReport } from "../../actors/ports/store-maintenance.ts";
import type { Store } from "../../actors/ports/store.ts";
import type { Database } from "./database.ts";
import { dayMs, dayOf } from "./days.ts";
import { isPassing } from "./faults.ts";
import type { MysqlContext } from "./mysql-context.ts";
import type { Cutoffs, PurgeRule } from "./operations/purge-rule.ts";
import { purgeRules } from "./operations/purge.ts";
import { dropPartitions } from "./partitions.ts";

const receiptsKeptMs = 30 * dayMs;
const bytesPatienceMs = 7 * dayMs;

/**
 * Rule by rule, each in transactions of its own: one that finds what it needs held by somebody else is put off, and the others
 * do their work. Floors first, then the partitions that lie below all of them.
 */
export async function purgeInSteps(
  database: Database,
  { now, dryRun, chunk, partitions }: Parameters<Store["purge"]>[0],
): Promise<PurgeReport> {
  const report: PurgeReport = [];
  for (const rule of purgeRules) {
    const { rows, isPutOff } = dryRun
      ? await countRows(database, rule, now)
      : await applyRule(database, rule, now, chunk);
    for (const [index, table] of rule.tables.entries()) {
      report.push({ table, rule: rule.rule, rows: rows[index]!, ...(isPutOff && { putOff: true as const }) });
    }
  }
  if (dryRun) return report;
  const before = await database.read((context) => Promise.resolve(cutoffsOf(context, now).retention));
  if ((await dropPartitions(database, before, partitions)) === "put-off") {
    report.find(({ table }) => table === "messages")!.putOff = true;
  }
  return report;
}

interface RuleOutcome {
  rows: number[];
  isPutOff: boolean;
}

async function countRows(database: Database, rule: PurgeRule, now: number): Promise<RuleOutcome> {
  const rows =
    "kept" in rule
      ? rule.tables.map(() => 0)
      : await database.read((context) => rule.count(context, cutoffsOf(context, now)));
  return { rows, isPutOff: false };
}

/** A step that removes nothing is the last. Between two, others have the database for as long as the one took. */
async function applyRule(database: Database, rule: PurgeRule, now: number, chunk: number): Promise<RuleOutcome> {
  const total = rule.tables.map(() => 0);
  if ("kept" in rule) return { rows: total, isPutOff: false };
  for (;;) {
    const startedAt = performance.now();
    const step = await database.write((context) =>
      unlessHeldUp(context, () => rule.remove(context, cutoffsOf(context, now), chunk)),
    );
    if (step === undefined) return { rows: total, isPutOff: true };
    if (step.every((rows) => rows === 0)) return { rows: total, isPutOff: false };
    for (const [index, rows] of step.entries()) total[index]! += rows;
    await new Promise((resolve) => setTimeout(resolve, performance.now() - startedAt));
  }
}

/** Undefined where a lock was waited for in vain: all of it is undone, and not tried again at once. */
async function unlessHeldUp<Result>({ db }: MysqlContext, body: () => Promise<Result>): Promise<Result | undefined> {
  try {
    return await body();
  } catch (error) {
    if (!isPassing(error)) throw error;
    await db.run("ROLLBACK");
    return undefined;
  }
}

function cutoffsOf({ retentionMs, undeliveredTtlMs }: MysqlContext, now: number): Cutoffs {
  const retention = now - retentionMs;
  return {
    now,
    retention,
    retentionDay: dayOf(retention),
    undelivered: now - undeliveredTtlMs,
    receipts: now - receiptsKeptMs,
    blobs: now - bytesPatienceMs,
  };
}
