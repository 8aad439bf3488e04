import { mkdirSync } from "node:fs";
import { dirname } from "node:path";
import type { Store } from "../actors/ports/store.ts";
import { openSqliteStore } from "./sqlite/sqlite-store.ts";

/** Where messages are: a file of one machine, or a MySQL that nodes share. */
export type Database = { file: string } | { url: string; connections: number };

interface Times {
  HISTORY_RETENTION_DAYS: number;
  UNDELIVERED_TTL_DAYS: number;
}

/** Opens a database as it is. A file that is not there is made. What the other kind needs is not even loaded. */
export async function openDatabase(database: Database, times: Times): Promise<Store> {
  const kept = { retentionDays: times.HISTORY_RETENTION_DAYS, undeliveredTtlDays: times.UNDELIVERED_TTL_DAYS };
  if ("file" in database) return openSqliteStore({ ...database, ...kept });
  const { openMysqlStore } = await import("./mysql/mysql-store.ts");
  return openMysqlStore({ ...database, ...kept });
}

/** Opens a node's database with its schema up to date. A missing folder is made, for its owner only. `applied`: migrations that ran now. */
export async function openNodeStore(database: Database, times: Times): Promise<{ store: Store; applied: string[] }> {
  if ("file" in database) mkdirSync(dirname(database.file), { recursive: true, mode: 0o700 });
  const store = await openDatabase(database, times);
  try {
    return { store, applied: await store.migrate() };
  } catch (error) {
    await store.close();
    throw error;
  }
}
