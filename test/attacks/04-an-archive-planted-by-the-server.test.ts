import { expect } from "chai";
import type { Client, Conversation } from "../../src/client/index.ts";
import { fromBase64, toBase64 } from "../../src/protocol/base64.ts";
import type { LogEntry } from "../../src/protocol/log-entry.ts";
import type { ReplyOf } from "../../src/protocol/requests.ts";
import { eventually } from "../support/eventually.ts";
import { MaliciousNode, dataOf, ok } from "../support/malicious-node.ts";
import { People } from "../support/people.ts";

type Archive = ReplyOf<"archive:read">["keys"];
type Entries = LogEntry[];

/** What a later device shows of the conversation's beginning. */
async function shownBy(chat: Conversation): Promise<string[]> {
  const { messages } = await chat.history();
  return messages.map((message) => ("reason" in message ? `(${message.reason})` : message.text));
}

describe("attack 4: an archive, or a history, that the server made up", () => {
  let node: MaliciousNode;
  let people: People;
  let later: Client;
  let chat: Conversation;
  beforeEach(async () => {
    node = await MaliciousNode.start();
    people = new People(() => node.url);
    const ann = await people.online("ann");
    await people.online("ben");
    const direct = await ann.direct("ben");
    await direct.send("one").reached("delivered", { timeout: 60_000 });
    await direct.send("two").reached("delivered", { timeout: 60_000 });
    later = await people.linked(ann);
    await eventually(async () => {
      await later.sync();
      expect(later.conversation(direct.id)?.isJoined).to.equal(true);
    });
    chat = later.conversation(direct.id)!;
  });
  afterEach(async () => {
    node.behave();
    await people.close();
    await node.close();
  });

  const archiveAs = (change: (keys: Archive) => Archive) =>
    node.answer("archive:read", async ({ forward }) => {
      const { keys } = dataOf(await forward());
      return ok<"archive:read">({ keys: change(keys), more: false });
    });
  const historyAs = (change: (entries: Entries) => Entries) =>
    node.answer("history:read", async ({ forward }) => {
      const { entries, ...bounds } = dataOf(await forward());
      return ok<"history:read">({ entries: change(entries), ...bounds });
    });

  const planted: [string, (keys: Archive) => Archive][] = [
    ["made up", (keys) => keys.map((key) => ({ ...key, sealed: toBase64(new Uint8Array(72).fill(7)) }))],
    ["of another epoch", (keys) => keys.map((key, index) => ({ ...key, sealed: keys.at(index - 1)!.sealed }))],
    ["under a key that nobody gave out", (keys) => keys.map((key) => ({ ...key, archiveGeneration: 2 }))],
    ["too short", (keys) => keys.map((key) => ({ ...key, sealed: toBase64(fromBase64(key.sealed).slice(1)) }))],
  ];
  for (const [how, change] of planted) {
    it(`(4) keys ${how}: nothing opens by them, and what the server withheld opens when it is there`, async () => {
      const behave = archiveAs(change);
      expect(await shownBy(chat)).to.deep.equal(["(undecryptable)", "(undecryptable)"]);
      behave();
      expect(await shownBy(chat)).to.deep.equal(["one", "two"]);
      expect(people.faults).to.deep.equal([]);
    });
  }

  it("(4) messages that it moved, swapped or gave to somebody else do not open", async () => {
    const messages = (entries: Entries) => entries.filter(({ kind }) => kind === "message");
    const tries: ((entries: Entries) => Entries)[] = [
      (entries) => entries.map((entry, index) => ({ ...entry, payload: entries.at(index - 1)!.payload })),
      (entries) => entries.map((entry) => ({ ...entry, id: messages(entries).find(({ id }) => id !== entry.id)!.id })),
      (entries) => entries.map((entry) => ({ ...entry, number: entry.number + 1 })),
      (entries) => entries.map((entry) => ({ ...entry, sender: { ...entry.sender, device: later.device } })),
    ];
    for (const change of tries) {
      const behave = historyAs(change);
      expect(await shownBy(chat)).to.deep.equal(["(undecryptable)", "(undecryptable)"]);
      behave();
    }
    expect(await shownBy(chat)).to.deep.equal(["one", "two"]);
  });

  it("(4) a message that it left out is missed, as its sender has counted it", async () => {
    historyAs((entries) => {
      const [first, ...others] = entries.toReversed().filter(({ number }) => number !== 2);
      const last = entries.at(-1)!.sequence;
      return [first!, ...others].map((entry, index) => ({ ...entry, sequence: last - index })).toReversed();
    });
    const direct = people.all()[0]!.conversation(chat.id)!;
    await direct.send("three").reached("delivered", { timeout: 60_000 });
    const latest = await people.linked(people.all()[0]!);
    await eventually(async () => {
      await latest.sync();
      expect(latest.conversation(chat.id)?.isJoined).to.equal(true);
    });
    expect(await shownBy(latest.conversation(chat.id)!)).to.deep.equal(["one", "three"]);
    expect(people.faults).to.deep.equal(["ann: messages-missing"]);
  });

  it("(4) a page with a hole in it is no page", async () => {
    historyAs((entries) => entries.filter((_, index) => index !== entries.length - 2));
    const refused = await chat.history().then(
      () => "shown",
      ({ code }: { code: string }) => code,
    );
    expect(refused).to.equal("diverged");
  });
});
