import type { Connection } from "./connection.ts";
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

/** In order; a migration that has left the house is never edited, only followed by another. */
const migrations = [
  { number: 1, name: "0001-accounts-and-devices", sql: accountsAndDevices },
  { number: 2, name: "0002-conversations-and-log", sql: conversationsAndLog },
  { number: 3, name: "0003-wakes-and-sweeps", sql: wakesAndSweeps },
  { number: 4, name: "0004-node-keys", sql: nodeKeys },
  { number: 5, name: "0005-groups", sql: groups },
  { number: 6, name: "0006-history-keys", sql: historyKeys },
  { number: 7, name: "0007-blocks", sql: blocks },
  { number: 8, name: "0008-device-names", sql: deviceNames },
  { number: 9, name: "0009-history-shares", sql: historyShares },
  { number: 10, name: "0010-recovery", sql: recovery },
  { number: 11, name: "0011-retention", sql: retention },
  { number: 12, name: "0012-blobs", sql: blobs },
  { number: 13, name: "0013-read-receipts", sql: readReceipts },
  { number: 14, name: "0014-grants-by-device", sql: grantsByDevice },
  { number: 15, name: "0015-erasures", sql: erasures },
] as const;
const newest = migrations.at(-1)!.number;

/**
 * Brings the schema up to date, all or nothing, and returns the names of what it applied. Of two processes that call it at
 * once, one does the work and the other finds it done. Throws where the database comes from a newer version.
 */
export function migrate(db: Connection): string[] {
  db.exec("BEGIN IMMEDIATE");
  try {
    db.exec(
      "CREATE TABLE IF NOT EXISTS schema_migrations (number INTEGER PRIMARY KEY, name TEXT NOT NULL, applied_at INTEGER NOT NULL) STRICT",
    );
    const at = db.get<{ number: number }>("SELECT coalesce(max(number), 0) AS number FROM schema_migrations")!.number;
    if (at > newest) {
      throw new Error(
        `The database has schema ${at}, this version of Sotto knows schemas up to ${newest}. ` +
          "Start the newer version again, or restore the backup made before the update.",
      );
    }
    const pending = migrations.filter(({ number }) => number > at);
    for (const { number, name, sql } of pending) {
      db.exec(sql);
      db.run("INSERT INTO schema_migrations (number, name, applied_at) VALUES (?, ?, ?)", number, name, Date.now());
    }
    db.exec("COMMIT");
    return pending.map(({ name }) => name);
  } catch (error) {
    db.exec("ROLLBACK");
    throw error;
  }
}
