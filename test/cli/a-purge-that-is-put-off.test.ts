import { expect } from "chai";
import { createConnection } from "mysql2/promise";
import { newId, type ConversationId } from "../../src/protocol/ids.ts";
import { blobOf } from "../../src/store/blobs.ts";
import { openMysqlStore } from "../../src/store/mysql/mysql-store.ts";
import { builtDist } from "../support/node-process.ts";
import { sharedMariaDb } from "../support/servers/shared-servers.ts";
import { runSotto } from "../support/sotto-command.ts";
import { newUser } from "../support/store/store-kit.ts";

describe("sotto purge, behind somebody who holds a row", function () {
  this.timeout(120_000);
  before(() => builtDist());

  it("says what it has put off, and that all is deleted when it is", async () => {
    const url = await (await sharedMariaDb()).newDatabase();
    const settings = { DATABASE_URL: url, AUTH_JWT_SECRET: "s".repeat(32) };
    const store = openMysqlStore({ url, retentionDays: 90 });
    await store.migrate();
    const { row } = await store.openDirect(newUser(), newUser(), newId<ConversationId>());
    await store.close();
    const other = await createConnection({ uri: url });
    await other.query("UPDATE conversations SET opened_at = 0");
    await other.query("START TRANSACTION");
    await other.query("SELECT 1 FROM directs WHERE conversation = ? FOR UPDATE", [blobOf(row.conversation)]);
    const held = await runSotto(["purge"], settings);
    expect(held.status, held.stderr).to.equal(0);
    expect(held.stdout).to.match(
      /^Not all was deleted: somebody reads or holds some of conversation_groups, group_members, members, directs, conversations\./m,
    );
    expect(held.stdout)
      .to.include("again later")
      .and.not.match(/^Deleted\.$/m);
    await other.query("ROLLBACK");
    other.destroy();
    expect((await runSotto(["purge"], settings)).stdout).to.match(/^Deleted\.$/m);
  });
});
