import { cpuMicrosOf } from "./process-cost.ts";
import type { Pairs } from "./pairs.ts";
import type { Side } from "./servers.ts";

export interface Round {
  perSecond: number;
  /** CPU microseconds of all server processes for each message that was all the way through. */
  cpuMicros: number;
  /** The same for each kind of server. */
  byServer: Record<string, number>;
}

export interface Comparison {
  reference: Round;
  sotto: Round;
  /** Sotto's CPU over the reference's. */
  ratio: number;
  rounds: { reference: Round[]; sotto: Round[] };
}

export interface Load {
  side: Side;
  pairs: Pairs;
}

const warmUpMs = 1_000;
/** Before the first round of each side: until what runs has been compiled, and the database's caches are filled. */
const firstWarmUpMs = 15_000;

/** Reference and Sotto in turn, so that what disturbs the machine disturbs both; medians. */
export async function compare(
  { reference, sotto }: { reference: Load; sotto: Load },
  { rounds, roundMs }: { rounds: number; roundMs: number },
): Promise<Comparison> {
  for (const { pairs } of [reference, sotto]) {
    pairs.start();
    await pause(firstWarmUpMs);
    await pairs.stop();
  }
  const measured = { reference: [] as Round[], sotto: [] as Round[] };
  for (let round = 0; round < rounds; round += 1) {
    measured.reference.push(await measure(reference, roundMs));
    measured.sotto.push(await measure(sotto, roundMs));
  }
  const result = { reference: medianOf(measured.reference), sotto: medianOf(measured.sotto) };
  return { ...result, ratio: result.sotto.cpuMicros / result.reference.cpuMicros, rounds: measured };
}

async function measure({ side, pairs }: Load, roundMs: number): Promise<Round> {
  pairs.start();
  await pause(warmUpMs);
  const [startedAt, doneBefore, before] = [performance.now(), pairs.done(), cpuByServer(side)];
  await pause(roundMs);
  const done = Math.max(pairs.done() - doneBefore, 1);
  const seconds = (performance.now() - startedAt) / 1000;
  const used = cpuByServer(side);
  const byServer = Object.fromEntries(Object.entries(used).map(([name, cpu]) => [name, (cpu - before[name]!) / done]));
  await pairs.stop();
  return { perSecond: done / seconds, cpuMicros: sumOf(byServer), byServer };
}

function cpuByServer({ processes }: Side): Record<string, number> {
  const cpu: Record<string, number> = {};
  for (const { name, pid } of processes) cpu[name] = (cpu[name] ?? 0) + cpuMicrosOf(pid);
  return cpu;
}

const sumOf = (byServer: Readonly<Record<string, number>>) =>
  Object.values(byServer).reduce((sum, one) => sum + one, 0);

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

export const median = (values: readonly number[]) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!;

function medianOf(rounds: readonly Round[]): Round {
  return {
    perSecond: median(rounds.map(({ perSecond }) => perSecond)),
    cpuMicros: median(rounds.map(({ cpuMicros }) => cpuMicros)),
    byServer: Object.fromEntries(
      Object.keys(rounds[0]!.byServer).map((name) => [name, median(rounds.map(({ byServer }) => byServer[name]!))]),
    ),
  };
}
