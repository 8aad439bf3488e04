/**
 * The partitions of the log: made ahead of time, and dropped when all in them is past. Changing them waits until everybody who
 * reads the log has ended their transaction, and whoever writes meanwhile waits behind it. So it waits for a second, once; who
 * reads for longer, as a backup does, puts it off to a later turn, and no process tries again before a pause is over.
 */
import type { PoolConnection } from "mysql2/promise";
import type { Outcome } from "../../actors/ports/store-maintenance.ts";
import { clockColumn, type Database } from "./database.ts";
import { dayOf } from "./days.ts";
import { isPassing } from "./faults.ts";
import { MysqlConnection } from "./mysql-context.ts";

/** Partitions are made for so many days ahead; what lies beyond has one of its own, so that no insert ever fails. */
const daysAhead = 14;
/** So many partitions hold the retention: reads that look into all of them stay quick. */
const partitionsPerRetention = 45;
const beyond = "beyond";
/** The least that the database takes: it counts in whole seconds. */
const lockWaitSeconds = 1;

/** A change of partitions: where it is noted that it was put off, and how long nobody tries it again then. */
interface Change {
  name: string;
  pauseMs: number;
}
const minute = 60_000;
/** A little less than what lies between two turns of the sweep that comes with it. */
const adding: Change = { name: "prepare:put-off", pauseMs: 54 * minute };
const dropping: Change = { name: "purge:put-off", pauseMs: 9 * minute };

/** Days that one partition holds. */
export const partitionDays = (retentionDays: number): number =>
  Math.max(1, Math.ceil(retentionDays / partitionsPerRetention));

interface Partition {
  name: string;
  /** The first day that is not in it; null: without end. */
  endDay: number | null;
}

/**
 * Makes room for the days to come: splits them off the partition that has no end, which is empty as long as this is done once
 * in two weeks. Put off, it is missing nowhere: what has no partition of its own goes into that one.
 */
export async function addPartitions(database: Database, now: number, retentionDays: number): Promise<Outcome> {
  return alter(database, adding, async (db) => {
    const partitions = await readPartitions(db);
    const width = partitionDays(retentionDays);
    const ends = partitions.flatMap(({ endDay }) => endDay ?? []);
    const added: number[] = [];
    // The first partition ever takes in all that came before it.
    let end = ends.length > 0 ? Math.max(...ends) : (Math.floor(dayOf(now) / width) + 1) * width;
    if (ends.length === 0) added.push(end);
    while (end <= dayOf(now) + daysAhead) {
      end += width;
      added.push(end);
    }
    if (added.length === 0) return undefined;
    const split = added.map((day) => `PARTITION to_${day} VALUES LESS THAN (${day})`).join(", ");
    return `ALTER TABLE messages REORGANIZE PARTITION ${beyond} INTO (${split}, PARTITION ${beyond} VALUES LESS THAN MAXVALUE)`;
  });
}

/**
 * Drops the partitions of which every entry was accepted before a time, `atMost` of them, the oldest first. However many entries: the
 * time is that of a file. One after another, so that who writes meanwhile waits for one at the most.
 */
export async function dropPartitions(database: Database, before: number, atMost = Infinity): Promise<Outcome> {
  for (let dropped = 0; dropped < atMost; dropped += 1) {
    let isDropped = false;
    const outcome = await alter(database, dropping, async (db) => {
      const gone = (await readPartitions(db)).find(({ endDay }) => endDay !== null && endDay <= dayOf(before));
      isDropped = gone !== undefined;
      return gone && `ALTER TABLE messages DROP PARTITION ${gone.name}`;
    });
    if (outcome === "put-off" || !isDropped) return outcome;
  }
  return "done";
}

async function readPartitions(db: MysqlConnection): Promise<Partition[]> {
  const rows = await db.all<{ name: string; description: string }>(
    `SELECT partition_name AS name, partition_description AS description FROM information_schema.partitions
     WHERE table_schema = DATABASE() AND table_name = 'messages' ORDER BY partition_ordinal_position`,
  );
  return rows.map(({ name, description }) => ({
    name,
    endDay: description === "MAXVALUE" ? null : Number(description),
  }));
}

const alterWithinMs = 300_000;

/** The next that is to be done, or nothing. Of several processes at once, one does it. */
async function alter(
  database: Database,
  { name, pauseMs }: Change,
  statementOf: (db: MysqlConnection) => Promise<string | undefined>,
): Promise<Outcome> {
  const work = async (connection: PoolConnection): Promise<Outcome> => {
    const db = new MysqlConnection(connection);
    const locked = await db.get<{ ok: number }>("SELECT GET_LOCK(CONCAT('sotto.partitions.', DATABASE()), 10) AS ok");
    if (locked?.ok !== 1) return "put-off";
    try {
      const statement = await statementOf(db);
      if (statement === undefined) return "done";
      if (await wasHeldUp(db, name, pauseMs)) return "put-off";
      if (await alterAlone(db, statement)) return "done";
      await noteHeldUp(db, name);
      return "put-off";
    } finally {
      await db.run("DO RELEASE_LOCK(CONCAT('sotto.partitions.', DATABASE()))");
    }
  };
  return database.withConnection(work, { limitMs: alterWithinMs });
}

/**
 * False where somebody still reads what they began to read before. The table is locked first, since an ALTER waits more than
 * once: behind an open reader writers were held up for 2.0 s by DROP and 3.0 s by REORGANIZE, and are for 1.0 s by this.
 */
async function alterAlone(db: MysqlConnection, statement: string): Promise<boolean> {
  await db.run(`SET SESSION lock_wait_timeout = ${lockWaitSeconds}`);
  try {
    await db.run("LOCK TABLES messages WRITE");
    await db.run(statement);
    return true;
  } catch (error) {
    if (isPassing(error)) return false;
    throw error;
  } finally {
    await db.many("UNLOCK TABLES; SET SESSION lock_wait_timeout = DEFAULT");
  }
}

async function wasHeldUp(db: MysqlConnection, name: string, pauseMs: number): Promise<boolean> {
  const sql = `SELECT 1 AS held FROM sweeps WHERE name = ? AND ran_at BETWEEN ${clockColumn} - ? AND ${clockColumn}`;
  return (await db.get(sql, name, pauseMs)) !== undefined;
}

/** In the database, since the next try may be another process's. */
async function noteHeldUp(db: MysqlConnection, name: string): Promise<void> {
  await db.run(
    `INSERT INTO sweeps (name, ran_at) VALUES (?, ${clockColumn}) ON DUPLICATE KEY UPDATE ran_at = VALUES(ran_at)`,
    name,
  );
}
