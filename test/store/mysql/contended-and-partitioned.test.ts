import { expect } from "chai";
import { createConnection } from "mysql2/promise";
import type { Store } from "../../../src/actors/ports/store.ts";
import { blobOf } from "../../../src/store/blobs.ts";
import { dayMs, dayOf } from "../../../src/store/mysql/days.ts";
import { openMysqlStore } from "../../../src/store/mysql/mysql-store.ts";
import { purgeRules } from "../../../src/store/mysql/operations/purge.ts";
import { FlakyLink } from "../../support/flaky-link.ts";
import { eventually } from "../../support/eventually.ts";
import type { MariaDbServer } from "../../support/servers/mariadb-server.ts";
import { sharedMariaDb } from "../../support/servers/shared-servers.ts";
import { foundDirect, messageBy } from "../../support/store/store-kit.ts";

describe("the store on MySQL", function () {
  this.timeout(120_000);
  let server: MariaDbServer;
  let url: string;
  let store: Store;
  before(async () => {
    server = await sharedMariaDb();
  });
  beforeEach(async () => {
    url = await server.newDatabase();
    store = openMysqlStore({ url, retentionDays: 90 });
  });
  afterEach(() => store.close());

  const partitions = async () => {
    const sql =
      "SELECT partition_name AS name FROM information_schema.partitions WHERE table_schema = DATABASE() AND table_name = 'messages' ORDER BY partition_ordinal_position";
    return ((await server.query(sql, url)) as { name: string }[]).map(({ name }) => name);
  };

  it("is migrated once by many at once, and refuses a schema that is newer than it knows", async () => {
    const others = [1, 2, 3].map(() => openMysqlStore({ url, retentionDays: 90 }));
    const applied = await Promise.all([store, ...others].map((each) => each.migrate()));
    expect(applied.flat()).to.have.length(15);
    await Promise.all(others.map((each) => each.close()));
    await server.query("INSERT INTO schema_migrations VALUES (99, 'from-tomorrow', 0)", url);
    const refused = await store.migrate().catch((error: unknown) => error);
    expect(String(refused)).to.include("schema 99, this version of Sotto knows schemas up to 15");
  });

  it("hands on no connection that waited for a migration in vain", async () => {
    await store.close();
    store = openMysqlStore({ url, retentionDays: 90, connections: 1 });
    const name = new URL(url).pathname.slice(1);
    const holder = await createConnection({ uri: url });
    await holder.query("SELECT GET_LOCK(CONCAT('sotto.migrate.', DATABASE()), 0)");
    const refused = store.migrate().catch((error: unknown) => error);
    const waiting = await eventually(async () => {
      const sql = "SELECT id FROM information_schema.processlist WHERE db = ? AND info LIKE 'SELECT GET_LOCK%'";
      const [rows] = await holder.query(sql, [name]);
      const [row] = rows as { id: number }[];
      if (!row) throw new Error("nobody waits yet");
      return row.id;
    });
    await holder.query(`KILL QUERY ${waiting}`);
    expect(await refused).to.be.instanceOf(Error);
    await store.ping();
    const sql = "SELECT id FROM information_schema.processlist WHERE db = ? AND id NOT IN (?, CONNECTION_ID())";
    expect((await holder.query(sql, [name, waiting]))[0], "a connection of its own").to.have.length(1);
    await holder.end();
    expect((await store.migrate()).length).to.be.greaterThan(0);
  });

  it("has a rule for the end of every table", async () => {
    await store.migrate();
    const rows = (await server.query("SHOW TABLES", url)) as Record<string, string>[];
    const tables = rows.map((row) => Object.values(row)[0]!);
    expect([...new Set(purgeRules.flatMap(({ tables: ended }) => ended))].toSorted()).to.deep.equal(tables.toSorted());
  });

  it("keeps partitions two weeks ahead, and drops those that retention has passed", async () => {
    await store.migrate();
    const ends = async () => (await partitions()).flatMap((name) => Number(/^to_(\d+)$/.exec(name)?.[1] ?? NaN) || []);
    expect((await partitions()).at(-1)).to.equal("beyond");
    expect(Math.max(...(await ends()))).to.be.greaterThan(dayOf(Date.now()) + 14);
    const later = Date.now() + 100 * dayMs;
    await store.prepare(later);
    await store.prepare(later);
    expect(Math.max(...(await ends()))).to.be.greaterThan(dayOf(later) + 14);
    expect(new Set(await ends()).size).to.equal((await ends()).length);
    const { conversation, alice } = await foundDirect(store);
    await store.acceptMessages(conversation, [messageBy(conversation, alice, 1)]);
    const before = await ends();
    await store.purge({ now: later, dryRun: false, chunk: 100, partitions: 1 });
    expect(await ends(), "the oldest, in a turn").to.deep.equal(before.slice(1));
    await store.purge({ now: later, dryRun: false, chunk: 100 });
    expect(Math.min(...(await ends()))).to.be.greaterThan(dayOf(later) - 91);
    const [row] = (await server.query("SELECT COUNT(*) AS rows_left FROM messages", url)) as [{ rows_left: number }];
    expect(Number(row.rows_left)).to.equal(0);
    const [next] = await store.acceptMessages(conversation, [messageBy(conversation, alice, 2)]);
    expect(next).to.include({ status: "accepted", sequence: 3 });
  });

  it("holds up no other conversation while one is locked elsewhere, and goes on with that one afterwards", async () => {
    await store.migrate();
    const [locked, free] = [await foundDirect(store), await foundDirect(store)];
    const holder = await createConnection({ uri: url });
    await holder.query("START TRANSACTION");
    await holder.query("SELECT head FROM conversations WHERE conversation = ? FOR UPDATE", [
      blobOf(locked.conversation),
    ]);
    let isThrough = false;
    const waiting = store
      .acceptMessages(locked.conversation, [messageBy(locked.conversation, locked.alice, 1)])
      .finally(() => (isThrough = true));
    for (let number = 1; number <= 20; number += 1) {
      const startedAt = performance.now();
      const [accepted] = await store.acceptMessages(free.conversation, [
        messageBy(free.conversation, free.alice, number),
      ]);
      expect(accepted).to.include({ status: "accepted" });
      expect(performance.now() - startedAt).to.be.lessThan(1000);
    }
    expect(isThrough).to.equal(false);
    await holder.query("ROLLBACK");
    holder.destroy();
    expect((await waiting)[0]).to.include({ status: "accepted", sequence: 2 });
  });

  it("opens, lists and reads a conversation that is locked elsewhere, and waits for nobody", async () => {
    await store.migrate();
    const { conversation, alice, bob } = await foundDirect(store);
    const holder = await createConnection({ uri: url });
    await holder.query("START TRANSACTION");
    await holder.query("SELECT head FROM conversations WHERE conversation = ? FOR UPDATE", [blobOf(conversation)]);
    const startedAt = performance.now();
    const opened = await store.openDirect(alice.user, bob.user, conversation);
    expect(opened).to.deep.include({ created: false });
    await store.listConversations(alice.user, alice.device, undefined, 10);
    await store.viewConversation(alice.user, alice.device, conversation);
    expect(performance.now() - startedAt).to.be.lessThan(1000);
    holder.destroy();
  });

  it("tries a transaction again that the database has ended for a deadlock", async () => {
    await store.migrate();
    const { bob } = await foundDirect(store);
    const holder = await createConnection({ uri: url });
    await holder.query("SET innodb_lock_wait_timeout = 50");
    await holder.query("START TRANSACTION");
    await holder.query("SELECT 1 FROM devices WHERE device = ? FOR UPDATE", [blobOf(bob.device)]);
    const subscribing = store.putPushSubscription({ ...bob, endpoint: "https://p.example" });
    // Longer than the 2 s that a lock is waited for: the first try is ended, a later one goes through.
    await new Promise((resolve) => setTimeout(resolve, 2_500));
    await holder.query("ROLLBACK");
    holder.destroy();
    expect(await subscribing).to.equal("stored");
  });

  it("gives up connections that have gone silent, and goes on with others", async () => {
    await store.migrate();
    const { conversation, alice } = await foundDirect(store);
    const link = await FlakyLink.to({ url: url.replace("mysql:", "http:") });
    const linked = url.replace(new URL(url).host, new URL(link.url).host);
    const far = openMysqlStore({ url: linked, retentionDays: 90, connections: 3, answerWithinMs: 400 });
    await Promise.all([far.ping(), far.ping(), far.ping(), far.clock()]);
    link.silence();
    const outcomes = await Promise.all(
      [far.ping(), far.ping(), far.clock()].map((call) => call.catch((error: { code?: string }) => error.code)),
    );
    expect(outcomes).to.include("unavailable");
    await eventually(async () => {
      const [accepted] = await far.acceptMessages(conversation, [messageBy(conversation, alice, 1)]);
      expect(accepted).to.include({ status: "accepted", sequence: 2 });
    });
    link.silence();
    await far.close();
    await link.close();
  });

  it("answers `unavailable` while the database is frozen or gone, and goes on when it is back", async () => {
    await store.migrate();
    const { conversation, alice } = await foundDirect(store);
    await server.kill();
    const refused = await store
      .acceptMessages(conversation, [messageBy(conversation, alice, 1)])
      .catch((error: { code?: string }) => error.code);
    expect(refused).to.equal("unavailable");
    await server.startAgain();
    await eventually(async () => {
      const [accepted] = await store.acceptMessages(conversation, [messageBy(conversation, alice, 1)]);
      expect(accepted).to.include({ status: "accepted", sequence: 2 });
    });
  });
});
