/**
 * P8: what the purge costs those who write meanwhile, and whether it costs more where more has passed. Both on the store itself,
 * on MariaDB with a flush at each commit: what stands between it and the clients does not know of a purge.
 */
import type { Store } from "../src/actors/ports/store.ts";
import { newId, type ConversationId } from "../src/protocol/ids.ts";
import { openMysqlStore } from "../src/store/mysql/mysql-store.ts";
import { MariaDbServer } from "../test/support/servers/mariadb-server.ts";
import { addDevice, bytesOf, commitBy, messageBy, newUser, type Party } from "../test/support/store/store-kit.ts";
import type { Figure, Scale } from "./figures.ts";
import { settled } from "./grown-database.ts";

const dayMs = 24 * 60 * 60_000;
const retentionDays = 90;
const payload = bytesOf("sealed", 700);
/** Who writes meanwhile: each its own conversation, one message after another. */
const writers = 20;
const pauseMs = 5;
/** As many as there are partitions to drop: in service they lie ten minutes apart. */
const turns = 9;
const betweenTurnsMs = 3_000;
const messagesAtOnce = 100;

interface Log {
  conversation: ConversationId;
  sender: Party;
}

/** The figures of P8: 1,000,000 entries past retention, a tenth of it beside them; of both a hundredth with `--quick`. */
export async function purgeUnderLoad({ quick }: Scale): Promise<Figure[]> {
  const most = quick ? 10_000 : 1_000_000;
  const server = await MariaDbServer.start();
  try {
    const few = await purgeOf(server, most / 10);
    const many = await purgeOf(server, most);
    const seconds = ({ tookMs }: Purged) => `${(tookMs / 1000).toFixed(1)} s`;
    return [
      {
        name: "P8",
        title: "accept p99, beside a purge",
        unit: "ms",
        reference: many.quietMs,
        sotto: many.busyMs,
        ratio: many.busyMs / many.quietMs,
        toReach: 1.5,
        detail: `${many.rows.toLocaleString("en")} entries go in ${seconds(many)} while ${writers} write: reference without a purge, ${many.samples} messages beside it`,
      },
      {
        name: "P8",
        title: "purge, ten times the rows",
        unit: "ms",
        reference: few.tookMs,
        sotto: many.tookMs,
        ratio: many.tookMs / few.tookMs,
        toReach: 1.5,
        detail: `${few.rows.toLocaleString("en")} entries in ${seconds(few)}, ${many.rows.toLocaleString("en")} in ${seconds(many)}, of ${logsPurged} conversations each`,
      },
    ];
  } finally {
    await server.end();
  }
}

const logsPurged = 1_000;

interface Purged {
  rows: number;
  tookMs: number;
  /** p99 of an accept, without and beside the purge. */
  quietMs: number;
  busyMs: number;
  samples: number;
}

async function purgeOf(server: MariaDbServer, entries: number): Promise<Purged> {
  const url = await server.newDatabase();
  const [store, worker] = [openMysqlStore({ url, retentionDays }), openMysqlStore({ url, retentionDays })];
  try {
    await store.migrate();
    // Partitions as they stand where nodes have run for long.
    await server.query(
      "ALTER TABLE messages PARTITION BY RANGE (day) (PARTITION beyond VALUES LESS THAN MAXVALUE)",
      url,
    );
    for (const daysAgo of [120, 106, 92, 78, 64, 50, 36, 22, 8, 0]) await store.prepare(Date.now() - daysAgo * dayMs);
    await fill(store, entries);
    await settled(server);
    const live = await Promise.all(Array.from({ length: writers }, () => found(store, Date.now())));
    const numbers = new Map(live.map(({ conversation }) => [conversation, 0]));
    await write(store, live, numbers, () => Promise.resolve(), 2_000);
    const quiet = await write(store, live, numbers, () => Promise.resolve(), 6_000);
    let rows = 0;
    let tookMs = 0;
    const busy = await write(store, live, numbers, async () => {
      for (let turn = 0; turn < turns; turn += 1) {
        const startedAt = performance.now();
        const report = await worker.purge({ now: Date.now(), dryRun: false, chunk: 500, partitions: 1 });
        tookMs += performance.now() - startedAt;
        rows += report.reduce((sum, line) => sum + (line.table === "messages" ? line.rows : 0), 0);
        await new Promise((resolve) => setTimeout(resolve, betweenTurnsMs));
      }
    });
    return { rows, tookMs, quietMs: p99(quiet), busyMs: p99(busy), samples: busy.length };
  } finally {
    await Promise.all([store.close(), worker.close()]);
  }
}

/** Entries of 110 to 91 days ago, in equal logs. */
async function fill(store: Store, entries: number): Promise<void> {
  const perLog = entries / logsPurged - 1;
  const from = Date.now() - 110 * dayMs;
  const logs: Log[] = [];
  for (let index = 0; index < logsPurged; index += 50) {
    logs.push(...(await Promise.all(Array.from({ length: 50 }, () => found(store, from)))));
  }
  for (let first = 1; first <= perLog; first += messagesAtOnce) {
    const count = Math.min(messagesAtOnce, perLog - first + 1);
    const acceptedAt = from + Math.floor((first / perLog) * 19 * dayMs);
    for (let index = 0; index < logs.length; index += 100) {
      await Promise.all(
        logs.slice(index, index + 100).map(({ conversation, sender }) =>
          store.acceptMessages(
            conversation,
            Array.from({ length: count }, (_, at) =>
              messageBy(conversation, sender, first + at, { payload, acceptedAt }),
            ),
          ),
        ),
      );
    }
  }
}

async function found(store: Store, acceptedAt: number): Promise<Log> {
  const sender = await addDevice(store, newUser());
  const { row } = await store.openDirect(sender.user, newUser(), newId<ConversationId>());
  const { conversation } = row;
  await store.acceptCommit(commitBy(conversation, sender, 0, { leaves: [sender.device], added: [sender], acceptedAt }));
  return { conversation, sender };
}

/** Milliseconds of each accept while `work` is under way, and for `leastMs`. */
async function write(
  store: Store,
  live: readonly Log[],
  numbers: Map<ConversationId, number>,
  work: () => Promise<void>,
  leastMs = 0,
): Promise<number[]> {
  const times: number[] = [];
  let isOver = false;
  const writing = live.map(async ({ conversation, sender }) => {
    while (!isOver) {
      const number = numbers.get(conversation)! + 1;
      numbers.set(conversation, number);
      const startedAt = performance.now();
      await store.acceptMessages(conversation, [messageBy(conversation, sender, number, { payload })]);
      times.push(performance.now() - startedAt);
      await new Promise((resolve) => setTimeout(resolve, pauseMs));
    }
  });
  await Promise.all([work(), new Promise((resolve) => setTimeout(resolve, leastMs))]);
  isOver = true;
  await Promise.all(writing);
  return times;
}

const p99 = (times: readonly number[]): number =>
  times.toSorted((a, b) => a - b)[Math.floor(times.length * 0.99)] ?? Number.NaN;
