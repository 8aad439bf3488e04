import { mkdirSync } from "node:fs";
import { dirname } from "node:path";
import type { Store } from "../actors/ports/store.ts";
import { openSqliteStore } from "./sqlite/sqlite-store.ts";

/** Opens the node's database with its schema up to date. The folder is made when missing, for its owner only. `applied`: migrations that ran now. */
export async function openNodeStore(
  file: string,
  settings: { HISTORY_RETENTION_DAYS: number; UNDELIVERED_TTL_DAYS: number },
): Promise<{ store: Store; applied: string[] }> {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  const store = openSqliteStore({
    file,
    retentionDays: settings.HISTORY_RETENTION_DAYS,
    undeliveredTtlDays: settings.UNDELIVERED_TTL_DAYS,
  });
  try {
    return { store, applied: await store.migrate() };
  } catch (error) {
    await store.close();
    throw error;
  }
}
