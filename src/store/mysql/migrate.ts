import type { PoolConnection } from "mysql2/promise";
import type { Database } from "./database.ts";
import { MysqlConnection } from "./mysql-context.ts";
import { accountsAndDevices } from "./migrations/0001-accounts-and-devices.ts";
import { conversationsAndLog } from "./migrations/0002-conversations-and-log.ts";
import { wakesAndSweeps } from "./migrations/0003-wakes-and-sweeps.ts";
import { nodeKeys } from "./migrations/0004-node-keys.ts";
import { groups } from "./migrations/0005-groups.ts";
import { historyKeys } from "./migrations/0006-history-keys.ts";
import { blocks } from "./migrations/0007-blocks.ts";
import { deviceNames } from "./migrations/0008-device-names.ts";
import { historyShares } from "./migrations/0009-history-shares.ts";
import { recovery } from "./migrations/0010-recovery.ts";
import { retention } from "./migrations/0011-retention.ts";
import { blobs } from "./migrations/0012-blobs.ts";
import { readReceipts } from "./migrations/0013-read-receipts.ts";
import { grantsByDevice } from "./migrations/0014-grants-by-device.ts";
import { erasures } from "./migrations/0015-erasures.ts";

/**
 * In order; a migration that has left the house is never edited, only followed by another. Nodes of the version before serve
 * while one runs: it expands (new tables, new columns with a default); what the old ones need goes in a later version.
 */
const migrations = [
  { number: 1, name: "0001-accounts-and-devices", statements: accountsAndDevices },
  { number: 2, name: "0002-conversations-and-log", statements: conversationsAndLog },
  { number: 3, name: "0003-wakes-and-sweeps", statements: wakesAndSweeps },
  { number: 4, name: "0004-node-keys", statements: nodeKeys },
  { number: 5, name: "0005-groups", statements: groups },
  { number: 6, name: "0006-history-keys", statements: historyKeys },
  { number: 7, name: "0007-blocks", statements: blocks },
  { number: 8, name: "0008-device-names", statements: deviceNames },
  { number: 9, name: "0009-history-shares", statements: historyShares },
  { number: 10, name: "0010-recovery", statements: recovery },
  { number: 11, name: "0011-retention", statements: retention },
  { number: 12, name: "0012-blobs", statements: blobs },
  { number: 13, name: "0013-read-receipts", statements: readReceipts },
  { number: 14, name: "0014-grants-by-device", statements: grantsByDevice },
  { number: 15, name: "0015-erasures", statements: erasures },
] as const;
const newest = migrations.at(-1)!.number;

const tableOptions = "ENGINE=InnoDB DEFAULT CHARSET=ascii COLLATE=ascii_bin";
const lockWaitSeconds = 60;
const migrateWithinMs = 3_600_000;

/**
 * Brings the schema up to date and returns the names of what it applied. Of several processes that call it at once, one does
 * the work and the others find it done. DDL commits by itself here: a migration that broke off half-way goes on where it
 * stopped, since tables that are there already are left alone. Throws where the database comes from a newer version.
 */
export async function migrate(database: Database): Promise<string[]> {
  const work = async (connection: PoolConnection) => {
    try {
      return await migrateAlone(new MysqlConnection(connection));
    } finally {
      // Not handed on with settings of its own, however it went.
      connection.destroy();
    }
  };
  return database.withConnection(work, { limitMs: migrateWithinMs });
}

async function migrateAlone(db: MysqlConnection): Promise<string[]> {
  // Longer than the patience of a writing connection: another process may be at it.
  await db.run("SET SESSION wait_timeout = 600");
  const locked = await db.get<{ ok: number | null }>(
    "SELECT GET_LOCK(CONCAT('sotto.migrate.', DATABASE()), ?) AS ok",
    lockWaitSeconds,
  );
  if (locked?.ok !== 1) throw new Error("Another process is migrating this database, and takes long.");
  try {
    return await applyPending(db);
  } finally {
    await db.run("DO RELEASE_LOCK(CONCAT('sotto.migrate.', DATABASE()))");
  }
}

async function applyPending(db: MysqlConnection): Promise<string[]> {
  await db.run(
    `CREATE TABLE IF NOT EXISTS schema_migrations (
       number INT NOT NULL PRIMARY KEY, name VARCHAR(128) NOT NULL, applied_at BIGINT NOT NULL) ${tableOptions}`,
  );
  const last = await db.get<{ number: number }>("SELECT COALESCE(MAX(number), 0) AS number FROM schema_migrations");
  const at = last!.number;
  if (at > newest) {
    throw new Error(
      `The database has schema ${at}, this version of Sotto knows schemas up to ${newest}. ` +
        "Start the newer version again, or restore the backup made before the update.",
    );
  }
  const pending = migrations.filter(({ number }) => number > at);
  for (const { number, name, statements } of pending) {
    for (const statement of statements) await db.run(withOptions(statement));
    await db.run("INSERT INTO schema_migrations (number, name, applied_at) VALUES (?, ?, ?)", number, name, Date.now());
  }
  return pending.map(({ name }) => name);
}

function withOptions(statement: string): string {
  const safe = statement.replace(/^CREATE TABLE /, "CREATE TABLE IF NOT EXISTS ");
  if (safe === statement) return statement;
  const partition = safe.lastIndexOf(") PARTITION BY");
  if (partition === -1) return `${safe} ${tableOptions}`;
  return `${safe.slice(0, partition + 1)} ${tableOptions}${safe.slice(partition + 1)}`;
}
