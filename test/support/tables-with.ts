import type { MariaDbServer } from "./servers/mariadb-server.ts";
import { openDriver } from "../../src/store/sqlite/driver.ts";
import { leaks } from "./find-secrets.ts";
import { rowCounts } from "./row-counts.ts";

/** Where bytes stand in a database: `table.column`, sorted; in any form in which they can be written. */
export type TablesWith = (wanted: Uint8Array) => Promise<string[]>;

export const tablesOfFile =
  (file: string): TablesWith =>
  (wanted) => {
    const database = openDriver(file);
    try {
      const tables = Object.keys(rowCounts(file));
      const rowsOf = (table: string) => database.prepare(`SELECT * FROM "${table}"`).all([]);
      return Promise.resolve(columnsWith(wanted, Object.fromEntries(tables.map((table) => [table, rowsOf(table)]))));
    } finally {
      database.close();
    }
  };

export const tablesOfMariaDb =
  (server: MariaDbServer, url: string): TablesWith =>
  async (wanted) => {
    const tables: Record<string, Record<string, unknown>[]> = {};
    for (const row of (await server.query("SHOW TABLES", url)) as Record<string, string>[]) {
      for (const table of Object.values(row)) {
        tables[table] = (await server.query(`SELECT * FROM ${table}`, url)) as Record<string, unknown>[];
      }
    }
    return columnsWith(wanted, tables);
  };

function columnsWith(wanted: Uint8Array, tables: Record<string, Record<string, unknown>[]>): string[] {
  const patterns = leaks(wanted);
  const isIn = (value: unknown): boolean => {
    const bytes = value instanceof Uint8Array ? Buffer.from(value) : Buffer.from(String(value));
    return patterns.some((pattern) => bytes.includes(pattern));
  };
  const columns = Object.entries(tables).flatMap(([table, rows]) =>
    rows.flatMap((row) =>
      Object.entries(row).flatMap(([column, value]) => (isIn(value) ? [`${table}.${column}`] : [])),
    ),
  );
  return [...new Set(columns)].toSorted();
}
