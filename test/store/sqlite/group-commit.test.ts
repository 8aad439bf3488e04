import { expect } from "chai";
import type { Store } from "../../../src/actors/ports/store.ts";
import { Connection } from "../../../src/store/sqlite/connection.ts";
import { runBatch, type WaitingOperation } from "../../../src/store/sqlite/group-commit.ts";
import { migrate } from "../../../src/store/sqlite/migrate.ts";
import { openSqliteStore } from "../../../src/store/sqlite/sqlite-store.ts";
import { foundDirect, messageBy, newUser } from "../../support/store/store-kit.ts";

const times = { retentionMs: 1e9, undeliveredTtlMs: 1e9 };
const account = (id: number, user: unknown): WaitingOperation => ({
  id,
  name: "createAccount",
  parameters: [{ user, passwordHash: "$argon2id$" }],
});

describe("a group commit", () => {
  let db: Connection;
  beforeEach(() => {
    db = new Connection(":memory:", 1000);
    migrate(db);
  });
  afterEach(() => db.close());

  it("is one transaction for all who wait", () => {
    let commits = 0;
    const run = db.run.bind(db);
    db.run = (sql, ...parameters) => {
      if (sql === "COMMIT") commits += 1;
      return run(sql, ...parameters);
    };
    const replies = runBatch(db, [account(1, newUser()), account(2, newUser()), account(3, newUser())], times);
    expect(replies.map((reply) => "value" in reply && reply.value)).to.deep.equal(["created", "created", "created"]);
    expect(commits).to.equal(1);
  });

  it("leaves out the one operation that fails, and keeps the others", () => {
    const [first, second] = [newUser(), newUser()];
    const replies = runBatch(db, [account(1, first), account(2, null), account(3, second)], times);
    expect(replies.map(({ id }) => id)).to.deep.equal([1, 2, 3]);
    expect(replies[1]).to.have.nested.property("failure.code", "internal");
    expect(db.get("SELECT count(*) AS count FROM accounts")).to.include({ count: 2 });
  });

  it("answers nobody when the commit fails, and changes nothing", () => {
    const run = db.run.bind(db);
    db.run = (sql, ...parameters) => {
      if (sql === "COMMIT") throw Object.assign(new Error("disk I/O error"), { rawCode: 10 });
      return run(sql, ...parameters);
    };
    const replies = runBatch(db, [account(1, newUser()), account(2, newUser())], times);
    for (const reply of replies) expect(reply).to.have.nested.property("failure.code", "unavailable");
    expect(db.get("SELECT count(*) AS count FROM accounts")).to.include({ count: 0 });
  });
});

describe("the queue in front of SQLite", () => {
  let store: Store;
  beforeEach(async () => {
    store = openSqliteStore({ file: ":memory:", retentionDays: 90, waitingCalls: 8 });
    await store.migrate();
  });
  afterEach(() => store.close());

  it("refuses what is beyond its bound, in words, and serves the rest", async () => {
    const { conversation, alice } = await foundDirect(store);
    const sent = Array.from({ length: 12 }, (_, index) => messageBy(conversation, alice, index + 1));
    const outcomes = await Promise.allSettled(sent.map((message) => store.acceptMessages(conversation, [message])));
    const refused = outcomes.flatMap((outcome) => (outcome.status === "rejected" ? [outcome.reason as unknown] : []));
    expect(refused).to.have.length(4);
    for (const reason of refused) expect(reason).to.include({ code: "overloaded", retryAfterMs: 250 });
    expect(await store.findConversation(conversation)).to.include({ head: 9 });
  });

  it("answers all that was asked before it closes, and refuses what comes after", async () => {
    const { conversation, alice } = await foundDirect(store);
    const asked = store.acceptMessages(conversation, [messageBy(conversation, alice, 1)]);
    await Promise.all([store.close(), store.close()]);
    expect(await asked).to.have.nested.property("[0].status", "accepted");
    const late = await store.ping().catch((error: unknown) => error);
    expect(late).to.include({ code: "unavailable" });
  });
});
