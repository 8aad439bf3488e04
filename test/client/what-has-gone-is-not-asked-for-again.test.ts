import { expect } from "chai";
import { silentTelemetry } from "../../src/actors/ports/silent-telemetry.ts";
import {
  memoryStore,
  type Client,
  type ClientStore,
  type Conversation,
  type HistoryPage,
} from "../../src/client/index.ts";
import { encodeRecord, entryKey, tables, type EntryRecord } from "../../src/client/records.ts";
import { encodeContent } from "../../src/crypto/content.ts";
import { newId } from "../../src/protocol/ids.ts";
import { purgeExpired } from "../../workers/purge.ts";
import { eventually } from "../support/eventually.ts";
import { coreOf } from "../support/held-state.ts";
import { MaliciousNode } from "../support/malicious-node.ts";
import { People } from "../support/people.ts";

const soon = { timeout: 60_000 };
const minuteMs = 60_000;
const linesOf = ({ messages }: HistoryPage) =>
  messages.map((message) => ("reason" in message ? `(${message.reason})` : message.text));

describe("what a device that was added later can never open", function () {
  this.timeout(120_000);
  let node: MaliciousNode;
  let people: People;
  let later: Client;
  let seen: Conversation;
  let store: ClientStore;
  const clock = Date.now;
  beforeEach(async () => {
    node = await MaliciousNode.start();
    store = memoryStore();
    people = new People(() => node.url);
    const alice = await people.online("alice");
    await people.online("bob");
    const chat = await alice.direct("bob");
    for (const message of ["before", { text: "passing", expiresIn: 3600 }, "after"]) {
      await chat.send(message).reached("delivered", soon);
    }
    await chat.settled();
    later = await people.linked(alice, { store });
    await eventually(async () => {
      await later.sync();
      expect(later.conversations()[0]?.isJoined).to.equal(true);
    });
    seen = later.conversations()[0]!;
  });
  afterEach(async () => {
    Date.now = clock;
    await people.close();
    await node.close();
  });

  const purge = () =>
    purgeExpired({ store: node.inner.store, telemetry: silentTelemetry, now: () => clock() + 31 * 1440 * minuteMs });
  const asked = (): number => node.requests("history:read", "alice").length;

  it("is not asked for each minute: it was not for it", async () => {
    expect(linesOf(await seen.history())).to.deep.equal(["before", "(not-kept)", "after"]);
    const passing = (await seen.history()).messages[1]!.sequence!;
    const before = asked();
    Date.now = () => clock() + 2 * minuteMs;
    const page = await seen.history({ before: passing, limit: 1 });
    expect(linesOf(page)).to.deep.equal(["before"]);
    expect(page.isComplete).to.equal(true);
    expect(asked()).to.equal(before);
  });

  it("is not asked for at all once it has gone, nor after a restart without a connection", async () => {
    await purge();
    const lines = ["before", "(gone)", "after"];
    expect(linesOf(await seen.history())).to.deep.equal(lines);
    const before = asked();
    Date.now = () => clock() + 2 * minuteMs;
    expect(linesOf(await seen.history())).to.deep.equal(lines);
    expect(asked()).to.equal(before);
    people.forget(later);
    await later.close();
    const offline = await people.open("alice", { store });
    const page = await offline.conversations()[0]!.history();
    expect(linesOf(page)).to.deep.equal(lines);
    expect(page.isComplete).to.equal(true);
  });

  it("does not take the place of what the device has of its own", async () => {
    const { user, device } = later;
    const own: EntryRecord = {
      sequence: 3,
      kind: "message",
      id: newId(),
      sender: { user, device },
      number: 1,
      acceptedAt: clock(),
      logHash: new Uint8Array(32),
      reason: null,
      content: encodeContent({ kind: "text", text: "one's own", sentAt: clock() }),
    };
    await coreOf(later).store.write([
      { table: tables.entries, id: entryKey(seen.id, own.sequence), bytes: encodeRecord(own) },
    ]);
    await purge();
    expect(linesOf(await seen.history({ before: own.sequence, limit: 1 }))).to.deep.equal(["before"]);
    expect(linesOf(await seen.history())).to.deep.equal(["before", "one's own", "after"]);
  });
});
