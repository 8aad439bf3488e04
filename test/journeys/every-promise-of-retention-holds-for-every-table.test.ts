import { expect } from "chai";
import { join } from "node:path";
import type { Store } from "../../src/actors/ports/store.ts";
import { limits } from "../../src/protocol/limits.ts";
import { partitionDays } from "../../src/store/mysql/partitions.ts";
import { openMysqlStore } from "../../src/store/mysql/mysql-store.ts";
import { openSqliteStore } from "../../src/store/sqlite/sqlite-store.ts";
import { rowCounts } from "../support/row-counts.ts";
import { sharedMariaDb } from "../support/servers/shared-servers.ts";
import { fillStore } from "../support/store/filled-store.ts";
import { tempFolder } from "../support/temp-folder.ts";

const minuteMs = 60_000;
const dayMs = 24 * 60 * minuteMs;
const retentionDays = 90;
const undeliveredDays = 30;

/** By when rows of a table are gone, of all that was there at first: days. What has several ends is there until the last. */
const promised: Record<string, number> = {
  link_offers: 10 / (24 * 60),
  key_packages: 10 / (24 * 60),
  readd_requests: undeliveredDays,
  wakes: undeliveredDays,
  disappearing: undeliveredDays,
  inbox: retentionDays,
  welcomes: retentionDays,
  messages: retentionDays,
  receipts: retentionDays,
  history_shares: retentionDays,
  history_keys: retentionDays,
  archive_grants: retentionDays,
  conversation_devices: retentionDays,
  due: retentionDays,
  directs: retentionDays,
  members: retentionDays,
  group_members: 0,
  rosters: retentionDays,
  conversation_groups: retentionDays,
  conversations: retentionDays,
  erasures: retentionDays,
  blobs: retentionDays + limits.blobMarginMs / dayMs,
};

interface Opened {
  store: Store;
  count(): Promise<Record<string, number>>;
  end(): Promise<void>;
}

async function openOnSqlite(): Promise<Opened> {
  const folder = await tempFolder();
  const file = join(folder.path, "sotto.db");
  const store = openSqliteStore({ file, retentionDays, undeliveredTtlDays: undeliveredDays });
  const end = async () => {
    await store.close();
    await folder.remove();
  };
  return { store, count: () => Promise.resolve(rowCounts(file)), end };
}

async function openOnMariaDb(): Promise<Opened> {
  const server = await sharedMariaDb();
  const url = await server.newDatabase();
  const store = openMysqlStore({ url, retentionDays, undeliveredTtlDays: undeliveredDays });
  const count = async () => {
    const rows = (await server.query("SHOW TABLES", url)) as Record<string, string>[];
    const counts: Record<string, number> = {};
    for (const table of rows.flatMap((row) => Object.values(row))) {
      const [found] = (await server.query(`SELECT COUNT(*) AS count FROM ${table}`, url)) as [{ count: number }];
      counts[table] = Number(found.count);
    }
    return counts;
  };
  return { store, count, end: () => store.close() };
}

for (const [name, open] of [
  ["SQLite", openOnSqlite],
  ["MariaDB", openOnMariaDb],
] as const) {
  describe(`every promise of retention, for every table of ${name}`, function () {
    this.timeout(120_000);
    const onlyHere: Record<string, number> = name === "MariaDB" ? { commits: retentionDays } : {};
    const ends: Record<string, number> = { ...promised, ...onlyHere };
    /** Whole partitions go, of which the last day is past; elsewhere the purge comes every ten minutes. */
    const slackMs = (name === "MariaDB" ? partitionDays(retentionDays) * dayMs : 0) + dayMs;
    let opened: Opened;
    beforeEach(async () => {
      opened = await open();
      await opened.store.migrate();
    });
    afterEach(() => opened.end());

    it("nothing goes a minute early, and by a partition and a day late all of it has, with the clock moved forward", async () => {
      const { store, count } = opened;
      const startedAt = Date.now();
      const { leave } = await fillStore(store);
      const full = await count();
      const kept = new Set(
        (await store.purge({ now: startedAt, dryRun: true, chunk: 500 }))
          .filter(({ rule }) => rule.startsWith("kept: "))
          .map(({ table }) => table),
      );
      const endless = Object.keys(full).filter((table) => kept.has(table) && !(table in ends));
      expect(Object.keys(full).toSorted(), "a new table is promised an end, or has a reason to stay").to.deep.equal(
        [...Object.keys(ends), ...endless].toSorted(),
      );
      for (const [table, rows] of Object.entries(full)) expect(rows, `${table} has a row to lose`).to.be.above(0);

      await leave();
      const times = [...new Set(Object.values(ends))].filter((days) => days > 0).toSorted((a, b) => a - b);
      const purge = async (now: number) => {
        await store.prepare(now);
        await store.expireUndelivered(now, undeliveredDays * dayMs, 100_000);
        await store.purge({ now, dryRun: false, chunk: 500 });
        // As the purge does with those whose bytes are gone.
        await store.forgetBlobs((await store.listExpiredBlobs(now, 100)).map(({ blob }) => blob));
        return count();
      };
      for (const days of times) {
        const early = await purge(startedAt + days * dayMs - minuteMs);
        for (const table of Object.keys(ends).filter((one) => ends[one] === days)) {
          expect(early[table], `${table} a minute before its time`).to.be.above(0);
        }
        const late = await purge(Date.now() + days * dayMs + slackMs);
        for (const table of Object.keys(ends).filter((one) => ends[one]! <= days)) {
          expect(late[table], `${table} a partition and a day after its time`).to.equal(0);
        }
      }
      const left = await count();
      for (const table of endless) expect(left[table], `${table} stays`).to.be.at.least(full[table]!);
      expect(
        (await store.purge({ now: Date.now() + 400 * dayMs, dryRun: true, chunk: 500 })).filter(({ rows }) => rows > 0),
      ).to.deep.equal([]);
    });
  });
}
