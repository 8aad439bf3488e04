import { expect } from "chai";
import { Connection } from "../../../src/store/sqlite/connection.ts";

describe("a connection to SQLite", () => {
  it("finds by one row what the same statement did not find by all", () => {
    const db = new Connection(":memory:", 1000);
    db.exec("CREATE TABLE things (name TEXT)");
    const find = "SELECT name FROM things WHERE name = ?";
    expect(db.all(find, "later")).to.deep.equal([]);
    db.run("INSERT INTO things VALUES (?)", "later");
    expect(db.get(find, "later")).to.include({ name: "later" });
    db.close();
  });
});
