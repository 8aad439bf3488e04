import { expect } from "chai";
import { createConnection, type Connection } from "mysql2/promise";
import type { PurgeReport } from "../../../src/actors/ports/store-maintenance.ts";
import type { Store } from "../../../src/actors/ports/store.ts";
import { newId, type ConversationId } from "../../../src/protocol/ids.ts";
import { blobOf } from "../../../src/store/blobs.ts";
import { dayMs } from "../../../src/store/mysql/days.ts";
import { openMysqlStore } from "../../../src/store/mysql/mysql-store.ts";
import type { MariaDbServer } from "../../support/servers/mariadb-server.ts";
import { sharedMariaDb } from "../../support/servers/shared-servers.ts";
import { ackBy, foundDirect, messageBy, newUser } from "../../support/store/store-kit.ts";

const linesOf = (report: PurgeReport, table: string) => report.filter((line) => line.table === table);
const rowsOf = (report: PurgeReport, table: string) => linesOf(report, table).reduce((sum, { rows }) => sum + rows, 0);
const putOffIn = (report: PurgeReport) => report.filter(({ putOff }) => putOff).map(({ table }) => table);

describe("the purge on MySQL", function () {
  this.timeout(120_000);
  let server: MariaDbServer;
  let url: string;
  let store: Store;
  let other: Connection;
  before(async () => {
    server = await sharedMariaDb();
  });
  beforeEach(async () => {
    url = await server.newDatabase();
    store = openMysqlStore({ url, retentionDays: 90 });
    await store.migrate();
    other = await createConnection({ uri: url });
    await other.query("SET innodb_lock_wait_timeout = 50");
    await other.query("SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED");
  });
  afterEach(async () => {
    other.destroy();
    await store.close();
  });

  const purgeAfter = (days: number) => store.purge({ now: Date.now() + days * dayMs, dryRun: false, chunk: 100 });
  const holdConversation = (conversation: ConversationId) =>
    other.query("SELECT head FROM conversations WHERE conversation = ? FOR UPDATE", [blobOf(conversation)]);
  const dueRows = async () => (await store.measure()).due;
  const timed = async <Result>(work: Promise<Result>): Promise<[Result, number]> => {
    const startedAt = performance.now();
    return [await work, performance.now() - startedAt];
  };

  describe("behind somebody who reads for long", () => {
    beforeEach(async () => {
      await other.query("SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ");
      await other.query("START TRANSACTION WITH CONSISTENT SNAPSHOT");
      await other.query("SELECT COUNT(*) FROM messages");
    });

    /** Milliseconds that the slowest accept took while `work` went on. */
    async function slowestAccept<Result>(work: () => Promise<Result>): Promise<[Result, number]> {
      const { conversation, alice } = await foundDirect(store);
      let slowest = 0;
      let isDone = false;
      const writing = (async () => {
        for (let number = 1; !isDone; number += 1) {
          const accept = store.acceptMessages(conversation, [messageBy(conversation, alice, number)]);
          slowest = Math.max(slowest, (await timed(accept))[1]);
        }
      })();
      const result = await work().finally(() => (isDone = true));
      await writing;
      return [result, slowest];
    }

    for (const [change, name, run] of [
      ["making partitions", "prepare", () => store.prepare(Date.now() + 30 * dayMs)],
      [
        "dropping partitions",
        "purge",
        async () => (putOffIn(await purgeAfter(200)).includes("messages") ? "put-off" : "done"),
      ],
    ] as const) {
      it(`${change} holds up writers for a second, once, and is done when its pause is over and nobody reads`, async () => {
        const [outcome, heldUpMs] = await slowestAccept(run);
        expect(outcome).to.equal("put-off");
        expect(heldUpMs).to.be.within(500, 1900);
        const [again, notHeldUpMs] = await slowestAccept(run);
        expect(again).to.equal("put-off");
        expect(notHeldUpMs).to.be.lessThan(500);
        await other.query("ROLLBACK");
        expect(await run(), "in the pause").to.equal("put-off");
        await other.query("UPDATE sweeps SET ran_at = ran_at - 3600000 WHERE name = ?", [`${name}:put-off`]);
        expect(await run()).to.equal("done");
        const { conversation, alice } = await foundDirect(store);
        const [accepted] = await store.acceptMessages(conversation, [messageBy(conversation, alice, 1)]);
        expect(accepted).to.include({ status: "accepted" });
      });
    }

    it("a node starts all the same: there is where to write to", async () => {
      await other.query("ROLLBACK");
      const [rows] = await other.query(
        `SELECT partition_name AS name FROM information_schema.partitions WHERE table_schema = DATABASE()
         AND table_name = 'messages' AND partition_name <> 'beyond' ORDER BY partition_ordinal_position DESC LIMIT 3`,
      );
      const names = (rows as { name: string }[]).map(({ name }) => name).join(", ");
      await other.query(`ALTER TABLE messages DROP PARTITION ${names}`);
      await other.query("START TRANSACTION");
      await other.query("SELECT COUNT(*) FROM messages");
      const starting = openMysqlStore({ url, retentionDays: 90 });
      const [applied, tookMs] = await timed(starting.migrate());
      await starting.close();
      expect(applied).to.deep.equal([]);
      expect(tookMs).to.be.lessThan(2500);
    });
  });

  it("waits for no row that it only looks at", async () => {
    const { conversation, alice, bob } = await foundDirect(store);
    await store.acceptMessages(conversation, [messageBy(conversation, alice, 1)]);
    await store.advancePositions([ackBy(conversation, bob, 2)]);
    await store.acceptMessages(conversation, [messageBy(conversation, bob, 1)]);
    const gone = await foundDirect(store);
    await store.purge({ now: Date.now(), dryRun: false, chunk: 100 });
    await other.query("START TRANSACTION");
    await holdConversation(conversation);
    await other.query("SELECT 1 FROM receipts WHERE conversation = ? FOR UPDATE", [blobOf(conversation)]);
    await other.query("SELECT 1 FROM due WHERE conversation = ? FOR UPDATE", [blobOf(conversation)]);
    await other.query("SELECT 1 FROM members WHERE conversation = ? FOR UPDATE", [blobOf(conversation)]);
    const never = await store.openDirect(newUser(), newUser(), newId<ConversationId>());
    const [report, tookMs] = await timed(purgeAfter(91));
    expect(tookMs).to.be.lessThan(1900);
    expect(putOffIn(report)).to.deep.equal([]);
    expect(await store.findConversation(never.row.conversation), "what is free goes").to.equal(undefined);
    expect(rowsOf(report, "messages"), "of the one that is free").to.equal(1);
    expect(await store.viewConversation(gone.bob.user, gone.bob.device, gone.conversation)).to.include({ floor: 1 });
    await other.query("ROLLBACK");
    expect(rowsOf(await purgeAfter(91), "messages"), "of the other, when it is").to.equal(3);
  });

  it("leaves a row that somebody holds to its next turn", async () => {
    const rows = [newId(), newId()].map((channel, index) => [
      blobOf(channel),
      `user-${index}`,
      blobOf(newId()),
      Buffer.alloc(1),
      Buffer.alloc(1),
      0,
    ]);
    await other.query("INSERT INTO link_offers (channel, user, device, device_key, kem_key, expires_at) VALUES ?", [
      rows,
    ]);
    await other.query("START TRANSACTION");
    await other.query("SELECT 1 FROM link_offers WHERE channel = ? FOR UPDATE", [rows[0]![0]]);
    const [report, tookMs] = await timed(purgeAfter(0));
    expect(tookMs).to.be.lessThan(1900);
    expect(rowsOf(report, "link_offers")).to.equal(1);
    await other.query("ROLLBACK");
    expect(rowsOf(await purgeAfter(0), "link_offers")).to.equal(1);
  });

  it("puts off a rule whose lock it does not get, with nothing of it done, and follows the others", async () => {
    const never = await store.openDirect(newUser(), newUser(), newId<ConversationId>());
    await foundDirect(store);
    await other.query("START TRANSACTION");
    const held = [blobOf(never.row.conversation)];
    await other.query("SELECT 1 FROM directs WHERE conversation = ? FOR UPDATE", held);
    const report = await purgeAfter(91);
    expect(putOffIn(report)).to.deep.equal([
      "conversation_groups",
      "group_members",
      "members",
      "directs",
      "conversations",
    ]);
    expect(rowsOf(report, "messages")).to.equal(1);
    const found = await store.findConversation(never.row.conversation);
    expect(found?.users).to.have.length(2);
    await other.query("ROLLBACK");
    expect(rowsOf(await purgeAfter(91), "conversations")).to.equal(1);
  });

  it("takes no due row that an accept under way counts on", async () => {
    const { conversation } = await foundDirect(store);
    await other.query("UPDATE conversations SET floor = head, oldest_at = NULL");
    await other.query("START TRANSACTION");
    await holdConversation(conversation);
    await purgeAfter(1);
    expect(await dueRows()).to.equal(1);
    await other.query("ROLLBACK");
    await purgeAfter(1);
    expect(await dueRows()).to.equal(0);
  });
});
