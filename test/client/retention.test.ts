import { expect } from "chai";
import { silentTelemetry } from "../../src/actors/ports/silent-telemetry.ts";
import { memoryStore, type ClientStore, type Conversation, type HistoryPage } from "../../src/client/index.ts";
import { decodeRecord, encodeRecord, entryKey, type EntryRecord } from "../../src/client/records.ts";
import { openDriver } from "../../src/store/sqlite/driver.ts";
import { purgeExpired } from "../../workers/purge.ts";
import { eventually } from "../support/eventually.ts";
import { startGatewayNode, type GatewayNode } from "../support/gateway-node.ts";
import { groupOf } from "../support/group-sides.ts";
import { coreOf } from "../support/held-state.ts";
import { People, quickTimings } from "../support/people.ts";
import { refusal } from "../support/refusal.ts";

const dayMs = 24 * 3600_000;
const minuteMs = 60_000;
const soon = { timeout: 60_000 };
const linesOf = ({ messages }: HistoryPage) =>
  messages.map((message) => ("reason" in message ? `(${message.reason})` : message.text));
const history = async (conversation: Conversation) => linesOf(await conversation.history());

describe("retention", function () {
  this.timeout(120_000);
  let node: GatewayNode;
  let people: People;
  const clock = Date.now;
  beforeEach(async () => {
    node = await startGatewayNode();
    people = new People(() => node.url);
  });
  afterEach(async () => {
    Date.now = clock;
    await people.close();
    await node.close();
    expect(people.faults).to.deep.equal([]);
  });

  const rowsOf = async (store: ClientStore): Promise<Record<string, number>> => {
    const open = await store.open();
    const counts: Record<string, number> = {};
    for (const table of ["entries", "tail", "receipts", "history-keys", "orphans", "disappearing"]) {
      counts[table] = (await open.list(table)).length;
    }
    await open.close();
    return counts;
  };
  const messagesOnNode = () => {
    const database = openDriver(node.file);
    const rows = database.prepare("SELECT kind, length(payload) AS bytes FROM messages ORDER BY sequence").all([]);
    database.close();
    return rows.map(({ kind, bytes }) => `${Number(kind)}:${Number(bytes) === 32 ? "hash" : "whole"}`);
  };
  async function founded(bobStore = memoryStore()) {
    const alice = await people.online("alice");
    const bob = await people.online("bob", { store: bobStore });
    const group = await alice.createGroup({ members: ["bob"] });
    return { alice, bob, group, side: await groupOf(bob) };
  }

  it("of a group is said by who has a role, in days, and everybody sees it", async () => {
    const { bob, group, side } = await founded();
    const facts: string[] = [];
    side.on("changed", (change) => facts.push(...change.facts));
    expect([group.retention, side.retention]).to.deep.equal([null, null]);
    await refusal(side.setRetention(7), "forbidden");
    for (const wrong of [0, -1, 1.5, 3651, Number.NaN]) await refusal(group.setRetention(wrong), "invalid-argument");
    await group.setRetention(7);
    await eventually(() => expect(side.retention).to.equal(7));
    expect(facts).to.include("retention").and.not.include("roles");
    await group.setRole("bob", "admin");
    await eventually(() => expect(side.role).to.equal("admin"));
    await side.setRetention(null);
    await eventually(() => expect(group.retention).to.equal(null));
    const direct = await bob.direct("alice");
    expect(direct, "a direct has none of its own").to.not.have.property("setRetention");
  });

  it("is kept by a client that is offline: what is past is not shown, and gone from its store with all that goes with it", async () => {
    const store = memoryStore();
    const { alice, bob, group, side } = await founded(store);
    await group.setRetention(3);
    await eventually(() => expect(side.retention).to.equal(3));
    for (const text of ["one", "two"]) await group.send(text).reached("delivered", soon);
    await side.send("three").reached("delivered", soon);
    expect(await history(side)).to.deep.equal(["one", "two", "three"]);
    await side.settled();
    for (const client of [alice, bob]) {
      people.forget(client);
      await client.close();
    }
    const before = await rowsOf(store);
    expect(before["receipts"]).to.be.above(0);

    Date.now = () => clock() + 3 * dayMs - minuteMs;
    const early = await people.open("bob", { store });
    expect(await history(early.conversations()[0]!)).to.deep.equal(["one", "two", "three"]);
    // While it is open, too.
    Date.now = () => clock() + 3 * dayMs + minuteMs;
    expect((await early.conversations()[0]!.history()).messages).to.deep.equal([]);
    expect(await early.conversations()[0]!.unread()).to.deep.equal([]);
    people.forget(early);
    await early.close();
    expect(await rowsOf(store)).to.deep.equal(before);

    const late = await people.open("bob", { store });
    const page = await late.conversations()[0]!.history();
    expect(page.messages).to.deep.equal([]);
    expect(page.floor).to.be.above(0);
    people.forget(late);
    await late.close();
    const after = await rowsOf(store);
    expect(after).to.include({ entries: 0, tail: 0, receipts: 0 });
    expect(after["history-keys"], "the one that is still sealed under").to.equal(1);

    Date.now = clock;
    const again = await people.online("bob", { store });
    const back = await groupOf(again);
    await back.send("and on").reached("accepted", soon);
  });

  it("says that something was removed from the minute on in which it is past, before it is removed and after", async () => {
    const store = memoryStore();
    const { bob, group, side } = await founded(store);
    await group.setRetention(3);
    await eventually(() => expect(side.retention).to.equal(3));
    for (const text of ["one", "two", "three"]) await group.send(text).reached("delivered", soon);
    const [one, two, three] = (await side.history()).messages;
    expect(await history(side)).to.deep.equal(["one", "two", "three"]);
    people.forget(bob);
    await bob.close();
    const raw = await store.open();
    for (const { id, bytes } of await raw.list("entries", {
      before: entryKey(side.id, three!.sequence!),
    })) {
      const entry = decodeRecord<EntryRecord>(bytes);
      const aged = { ...entry, acceptedAt: entry.acceptedAt - 3 * dayMs + minuteMs };
      await raw.write([{ table: "entries", id, bytes: encodeRecord(aged) }]);
    }
    await raw.close();
    const saysSo = async (chat: Conversation): Promise<void> => {
      for (const options of [
        {},
        { limit: 1 },
        { before: three!.sequence! + 1 },
        { after: 0 },
        { after: one!.sequence! },
      ]) {
        const page = await chat.history(options);
        expect(linesOf(page), JSON.stringify(options)).to.deep.equal(["three"]);
        expect(page, JSON.stringify(options)).to.include({
          earlier: "removed",
          before: undefined,
          floor: two!.sequence,
        });
      }
      const before = await chat.history({ before: three!.sequence! });
      expect(linesOf(before)).to.deep.equal([]);
      expect(before).to.include({ earlier: "removed", before: undefined });
    };
    const open = await people.open("bob", { store });
    Date.now = () => clock() + 2 * minuteMs;
    await saysSo(open.conversations()[0]!);
    people.forget(open);
    await open.close();
    const swept = await people.open("bob", { store });
    expect(await coreOf(swept).store.list("entries")).to.have.length(1);
    await saysSo(swept.conversations()[0]!);
  });

  it("removes while the client runs, without a start between", async () => {
    const store = memoryStore();
    const { side, group } = await founded();
    await group.setRetention(1);
    await eventually(() => expect(side.retention).to.equal(1));
    const watched = await people.online("carol", { store, timings: { ...quickTimings, forgetEveryMs: 20 } });
    const own = await watched.createGroup({ members: ["bob"] });
    await own.setRetention(1);
    const held = own.send("for a day");
    await held.reached("delivered", soon);
    const { sequence, acceptedAt } = held;
    Date.now = () => clock() + dayMs + minuteMs;
    await eventually(async () => expect((await own.history()).floor).to.be.above(0));
    await eventually(() =>
      expect(held).to.include({ isGone: true, text: "", state: "delivered", sequence, acceptedAt }),
    );
  });

  it("shortened, counts for what was said before; a device that was away follows over what has gone, and no log forks", async () => {
    const store = memoryStore();
    const { bob, group } = await founded(store);
    people.forget(bob);
    await bob.close();
    await group.send("long ago").reached("accepted", soon);
    await group.send("a little later").reached("accepted", soon);
    await group.settled();
    // Moves the retention's end to now: what has been said is past, to the node.
    const asIfLong = openDriver(node.file);
    asIfLong.prepare("UPDATE conversations SET retention_days = 0").run([]);
    const report = await purgeExpired({ store: node.store, telemetry: silentTelemetry, now: () => Date.now() });
    expect(
      report.tables.filter(({ table }) => table === "messages").reduce((sum, { rows }) => sum + rows, 0),
    ).to.be.above(1);
    expect(messagesOnNode().filter((row) => row === "3:hash")).to.have.length(2);
    asIfLong.prepare("UPDATE conversations SET retention_days = NULL").run([]);
    asIfLong.close();
    const carol = await people.online("carol");
    await group.add(carol.user);

    const again = await people.online("bob", { store });
    const back = await groupOf(again);
    await eventually(() => expect(back.users).to.have.length(3));
    expect((await back.history()).messages.map((one) => ("reason" in one ? one.reason : one.text))).to.deep.equal([
      "gone",
      "gone",
    ]);
    await group.send("heard by all").reached("delivered", soon);
    await back.send("and answered").reached("delivered", soon);
    expect((await back.unread()).map(({ text }) => text)).to.deep.equal(["heard by all"]);
  });
});
