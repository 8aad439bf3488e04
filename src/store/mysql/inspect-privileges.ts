import { randomBytes } from "node:crypto";
import { createConnection, type Connection } from "mysql2/promise";

/**
 * What a node, its migrations and its purge do, tried on a table that is not there: a server looks at the user's rights first,
 * also at those that come by a role or a pattern, and only then for the table. Nothing is changed whatever the answer.
 */
const trials = {
  SELECT: (table: string) => `SELECT 1 FROM ${table}`,
  INSERT: (table: string) => `INSERT INTO ${table} (a) VALUES (1)`,
  UPDATE: (table: string) => `UPDATE ${table} SET a = 1`,
  DELETE: (table: string) => `DELETE FROM ${table}`,
  CREATE: (table: string) => `CREATE TABLE ${table}_new LIKE ${table}`,
  ALTER: (table: string) => `ALTER TABLE ${table} ADD COLUMN a INT`,
  DROP: (table: string) => `ALTER TABLE ${table} DROP PARTITION a`,
  "LOCK TABLES": (table: string) => `LOCK TABLES ${table} WRITE`,
} as const;

export type Privilege = keyof typeof trials;

/** Of what Sotto does in the database of this URL: what its user may not do. Throws what the driver throws: it has a `code`. */
export async function lackingPrivileges(url: string): Promise<Privilege[]> {
  const connection = await createConnection({ uri: url, connectTimeout: 5_000 });
  const table = `doctor_${randomBytes(8).toString("hex")}`;
  const lacking: Privilege[] = [];
  try {
    for (const [privilege, trial] of Object.entries(trials) as [Privilege, (table: string) => string][]) {
      if (await isDenied(connection, privilege, trial(table))) lacking.push(privilege);
    }
    return lacking;
  } finally {
    connection.destroy();
  }
}

async function isDenied(connection: Connection, privilege: Privilege, sql: string): Promise<boolean> {
  try {
    await connection.query(sql);
    return false;
  } catch (error) {
    const { code = "", sqlMessage = "" } = error as { code?: string; sqlMessage?: string };
    if (code === "ER_DBACCESS_DENIED_ERROR") return true;
    // A statement may need more than the right that it is here for; the server names the ones that it misses.
    if (code === "ER_TABLEACCESS_DENIED_ERROR") return sqlMessage.split(" command denied")[0]!.includes(privilege);
    if (code === "ER_NO_SUCH_TABLE") return false;
    throw error;
  }
}
