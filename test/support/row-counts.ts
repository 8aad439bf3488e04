import { openDriver } from "../../src/store/sqlite/driver.ts";

/** How many rows stand in each table of a database file, read by a connection of its own. */
export function rowCounts(file: string): Record<string, number> {
  const database = openDriver(file);
  try {
    const tables = database.prepare("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name").all([]);
    const count = (name: string) => database.prepare(`SELECT count(*) AS rows FROM "${name}"`).get([])!["rows"];
    return Object.fromEntries(tables.map(({ name }) => [String(name), Number(count(String(name)))]));
  } finally {
    database.close();
  }
}
