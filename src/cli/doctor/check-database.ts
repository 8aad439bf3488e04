import { existsSync } from "node:fs";
import { statfs } from "node:fs/promises";
import { dirname } from "node:path";
import { databaseFile } from "../../../config/load-settings.ts";
import type { Settings } from "../../../config/settings.ts";
import { openSqliteStore } from "../../store/sqlite/sqlite-store.ts";
import { checkGrowth } from "./check-growth.ts";
import type { Finding } from "./finding.ts";

/** Opens the database without changing it, if there is one. */
export async function checkDatabase(settings: Settings): Promise<Finding[]> {
  const file = databaseFile(settings);
  if (!existsSync(file)) {
    return [{ check: "database", state: "note", says: `${file} is not there yet`, todo: "sotto start makes it" }];
  }
  const store = openSqliteStore({ file, retentionDays: settings.HISTORY_RETENTION_DAYS });
  try {
    await store.ping();
    const { conversations, messages, devices, due, bytes } = await store.measure();
    const sizes = `${conversations} conversations, ${messages} messages, ${devices} devices, ${due} to deliver, ${Math.ceil(bytes / 1024)} KiB`;
    const growth = await store.measureGrowth(Date.now());
    const { bavail, bsize } = await statfs(dirname(file));
    const facts = {
      growth,
      messages,
      bytes,
      retentionDays: settings.HISTORY_RETENTION_DAYS,
      freeBytes: bavail * bsize,
    };
    return [{ check: "database", state: "good", says: `${file}: ${sizes}` }, checkGrowth(facts)];
  } catch (error) {
    const reason = causes(error).join(": ");
    const todo = "sotto migrate if it is of an older version; else put a backup of DATA_DIR in its place";
    return [{ check: "database", state: "bad", says: `${file} cannot be used (${reason})`, todo }];
  } finally {
    await store.close();
  }
}

function causes(error: unknown): string[] {
  return error instanceof Error ? [error.message, ...causes(error.cause)] : [];
}
