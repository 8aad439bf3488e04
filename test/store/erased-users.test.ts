import { expect } from "chai";
import { join } from "node:path";
import type { Store } from "../../src/actors/ports/store.ts";
import { idToBytes } from "../../src/protocol/ids.ts";
import { openMysqlStore } from "../../src/store/mysql/mysql-store.ts";
import { openSqliteStore } from "../../src/store/sqlite/sqlite-store.ts";
import { sharedMariaDb } from "../support/servers/shared-servers.ts";
import { eraseInSteps } from "../support/store/erase-in-steps.ts";
import { fillStore } from "../support/store/filled-store.ts";
import { tablesOfFile, tablesOfMariaDb, type TablesWith } from "../support/tables-with.ts";
import { tempFolder } from "../support/temp-folder.ts";

async function expectNoTrace(store: Store, tablesWith: TablesWith): Promise<void> {
  const { alice, bob } = await fillStore(store);
  const [name, device] = [Buffer.from(alice.user), idToBytes(alice.device)];
  const before = await tablesWith(name);
  expect(before).to.include.members(["messages.sender_user", "recovery_keys.user", "conversation_groups.policy"]);
  const others = await tablesWith(Buffer.from(bob.user));
  const pseudonym = await eraseInSteps(store, alice.user, { chunk: 2 });
  expect(await tablesWith(name)).to.deep.equal([]);
  expect(await tablesWith(device)).to.deep.equal(["devices.device", "messages.sender_device", "rosters.leaves"]);
  expect(await tablesWith(Buffer.from(bob.user))).to.include.members(others);
  expect(await tablesWith(Buffer.from(pseudonym))).to.include.members(["devices.user", "messages.sender_user"]);
}

describe("a user who was in every table is in none once erased, but for the keys and what was sent", function () {
  this.timeout(120_000);

  it("on SQLite", async () => {
    const folder = await tempFolder();
    const file = join(folder.path, "sotto.db");
    const store = openSqliteStore({ file, retentionDays: 90 });
    await store.migrate();
    await expectNoTrace(store, tablesOfFile(file));
    await store.close();
    await folder.remove();
  });

  it("on MariaDB", async () => {
    const server = await sharedMariaDb();
    const url = await server.newDatabase();
    const store = openMysqlStore({ url, retentionDays: 90 });
    await store.migrate();
    await expectNoTrace(store, tablesOfMariaDb(server, url));
    await store.close();
  });
});
