import { expect } from "chai";
import { createConnection } from "mysql2/promise";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { heldAboutNobody, heldTables } from "../../src/store/held-about-a-user.ts";
import { openMysqlStore } from "../../src/store/mysql/mysql-store.ts";
import { openSqliteStore } from "../../src/store/sqlite/sqlite-store.ts";
import { rowCounts } from "../support/row-counts.ts";
import { sharedMariaDb } from "../support/servers/shared-servers.ts";
import { tempFolder } from "../support/temp-folder.ts";

const named = [...Object.keys(heldTables), ...Object.keys(heldAboutNobody)].toSorted();

describe("each table of the schema is given out to the user it is about, or about nobody", function () {
  this.timeout(120_000);

  it("and the handbook says what its rows are", async () => {
    const handbook = await readFile("docs/operations.md", "utf8");
    const [, section] = /## What is held about a user\n([\s\S]*?)\n## /.exec(handbook) ?? [];
    const rows = (section ?? "").split("\n").filter((line) => line.startsWith("| `"));
    const documented = rows.flatMap((line) => [...line.split("|")[1]!.matchAll(/`(\w+)`/g)].map(([, name]) => name));
    expect(documented).to.have.members(Object.keys(heldTables));
  });

  it("on SQLite", async () => {
    const folder = await tempFolder();
    const file = join(folder.path, "sotto.db");
    const store = openSqliteStore({ file, retentionDays: 90 });
    await store.migrate();
    await store.close();
    const tables = Object.keys(rowCounts(file)).filter((name) => !name.startsWith("sqlite_"));
    expect(named).to.include.members(tables);
    expect(heldAboutNobody).to.have.property("schema_migrations");
    await folder.remove();
  });

  it("on MariaDB", async () => {
    const url = await (await sharedMariaDb()).newDatabase();
    const store = openMysqlStore({ url, retentionDays: 90 });
    await store.migrate();
    await store.close();
    const connection = await createConnection({ uri: url });
    const [rows] = await connection.query(
      "SELECT table_name AS name FROM information_schema.tables WHERE table_schema = database()",
    );
    await connection.end();
    expect((rows as { name: string }[]).map(({ name }) => name).toSorted()).to.deep.equal(named);
  });
});
