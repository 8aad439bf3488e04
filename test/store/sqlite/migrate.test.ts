import { expect } from "chai";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { Connection } from "../../../src/store/sqlite/connection.ts";
import { migrate } from "../../../src/store/sqlite/migrate.ts";
import { purgeRules } from "../../../src/store/sqlite/operations/purge.ts";
import { openSqliteStore } from "../../../src/store/sqlite/sqlite-store.ts";
import { tempFolder } from "../../support/temp-folder.ts";

const tablesOf = (db: Connection): string[] =>
  db.all<{ name: string }>("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name").map(({ name }) => name);

describe("the schema on SQLite", () => {
  let db: Connection;
  beforeEach(() => {
    db = new Connection(":memory:", 1000);
  });
  afterEach(() => db.close());

  it("is brought up to date once", () => {
    expect(migrate(db)).to.deep.equal([
      "0001-accounts-and-devices",
      "0002-conversations-and-log",
      "0003-wakes-and-sweeps",
      "0004-node-keys",
      "0005-groups",
      "0006-history-keys",
      "0007-blocks",
      "0008-device-names",
      "0009-history-shares",
      "0010-recovery",
      "0011-retention",
      "0012-blobs",
      "0013-read-receipts",
      "0014-grants-by-device",
      "0015-erasures",
    ]);
    expect(migrate(db)).to.deep.equal([]);
  });

  it("refuses a database of a newer version in words, leaving it as it is", () => {
    migrate(db);
    db.exec("INSERT INTO schema_migrations VALUES (99, 'from-tomorrow', 0)");
    expect(() => migrate(db)).to.throw(/schema 99, this version of Sotto knows schemas up to 15/);
    expect(tablesOf(db)).to.include("messages");
  });

  it("is all or nothing: a migration that fails leaves no table behind", () => {
    db.exec("CREATE TABLE messages (in_the_way INTEGER)");
    expect(() => migrate(db)).to.throw(/already exists/);
    expect(tablesOf(db)).to.deep.equal(["messages"]);
  });

  it("has a rule for the end of every table", () => {
    migrate(db);
    expect([...new Set(purgeRules.map(({ table }) => table))].sort()).to.deep.equal(tablesOf(db));
    expect(purgeRules.filter(({ rule }) => rule.length < 5)).to.deep.equal([]);
  });

  it("tells the caller of the store, too, when the database is newer", async () => {
    const folder = await tempFolder();
    const file = join(folder.path, "newer.db");
    const newer = new Connection(file, 1000);
    migrate(newer);
    newer.exec("INSERT INTO schema_migrations VALUES (99, 'from-tomorrow', 0)");
    newer.close();
    const store = openSqliteStore({ file, retentionDays: 1 });
    const failure = await store.migrate().catch((error: Error) => error.message);
    expect(failure).to.match(/Start the newer version again/);
    await store.close();
    await folder.remove();
  });

  it("writes through to the disk before it answers", async () => {
    const folder = await tempFolder();
    const onDisk = new Connection(join(folder.path, "disk.db"), 1000);
    expect(onDisk.get("PRAGMA journal_mode")).to.include({ journal_mode: "wal" });
    expect(onDisk.get("PRAGMA synchronous")).to.include({ synchronous: 2 });
    expect(onDisk.get("PRAGMA foreign_keys")).to.include({ foreign_keys: 1 });
    onDisk.close();
    await folder.remove();
  });

  it("overwrites what it deletes, so that the file does not keep what a purge took", async () => {
    const folder = await tempFolder();
    const file = join(folder.path, "disk.db");
    const onDisk = new Connection(file, 1000);
    const inFile = async (): Promise<boolean> => {
      onDisk.all("PRAGMA wal_checkpoint(TRUNCATE)");
      return (await readFile(file)).includes("what was purged");
    };
    onDisk.exec("CREATE TABLE kept (id INTEGER PRIMARY KEY, text TEXT)");
    for (const id of [1, 2, 3]) onDisk.run("INSERT INTO kept VALUES (?, ?)", id, `${id} what was purged`);
    expect(await inFile()).to.equal(true);
    onDisk.run("DELETE FROM kept WHERE id > 0");
    expect(await inFile()).to.equal(false);
    onDisk.close();
    await folder.remove();
  });
});
