import { expect } from "chai";
import { entryHash } from "../../src/identity/log-hash.ts";
import { fromBase64, toBase64 } from "../../src/protocol/base64.ts";
import { newErasedUser } from "../../src/protocol/erased-users.ts";
import type { LogEntry } from "../../src/protocol/log-entry.ts";
import { eventually } from "../support/eventually.ts";
import { MaliciousNode, dataOf, ok } from "../support/malicious-node.ts";
import { People } from "../support/people.ts";
import { twoTalking, type Side } from "../support/two-talking.ts";

describe("attack 11: entries of the log swapped, dropped and doubled", () => {
  let node: MaliciousNode;
  let people: People;
  let alice: Side;
  let bob: Side;
  before(async () => {
    node = await MaliciousNode.start();
  });
  after(() => node.close());
  beforeEach(async () => {
    people = new People(() => node.url);
    ({ alice, bob } = await twoTalking(people));
  });
  afterEach(async () => {
    node.behave();
    await people.close();
  });

  const goneAs = ({ voucher: _, ...entry }: LogEntry, hash: Uint8Array): LogEntry => ({
    ...entry,
    payload: "",
    goneHash: toBase64(hash),
  });

  /** Shows bob this log after what he has, and nothing else; alice's messages are the true ones. */
  async function showBob(change: (entries: LogEntry[]) => LogEntry[]): Promise<void> {
    node.rewrite("message:posted", (entry, user) => (user === bob.client.user ? [] : [entry]));
    const toBob = node.answer("log:read", async ({ user, request, forward }) =>
      user === bob.client.user ? ok<"log:read">({ entries: [], head: request.after, floor: 0 }) : forward(),
    );
    const sent = ["two", "three", "four"].map((text) => alice.chat.send(text));
    await Promise.all(sent.map((message) => message.reached("accepted", { timeout: 60_000 })));
    toBob();
    const { entries } = dataOf(
      await node.linesOf(bob.client.user)[0]!.ask("log:read", { conversation: bob.chat.id, after: 2, limit: 10 }),
    );
    expect(entries.map((entry) => entry.number)).to.deep.equal([2, 3, 4]);
    const shown = change(entries).map((entry, index) => ({ ...entry, sequence: index + 3 }));
    node.answer("log:read", ({ user, forward, request }) =>
      user === bob.client.user
        ? ok<"log:read">({ entries: shown.slice(request.after - 2), head: shown.length + 2, floor: 0 })
        : forward(),
    );
    for (const entry of shown) node.push(bob.client.user, "message:posted", entry);
    const isShown = async () => (await bob.chat.history()).messages.length === shown.length + 1;
    await eventually(async () => expect(await isShown()).to.equal(true));
  }

  /** Bob's node lets his acks through as if they were of the true log. */
  async function aliceLearnsOfTheFork(): Promise<void> {
    await eventually(() => expect(alice.codes()).to.include("log-forked"));
    const messages = (await alice.chat.history()).messages.map((one) => ("state" in one ? one.state : "unopened"));
    expect(messages).to.deep.equal(["delivered", "accepted", "accepted", "accepted"]);
  }

  it("(11) swapped: the one that comes too late is not shown, and both sides are told", async () => {
    await showBob(([two, three, four]) => [three!, two!, four!]);
    expect(bob.texts).to.deep.equal(["first", "three", "four"]);
    expect(bob.unopened.map(({ reason }) => reason)).to.deep.equal(["replayed"]);
    expect(bob.codes()).to.include("messages-missing");
    await aliceLearnsOfTheFork();
  });

  it("(11) dropped and renumbered: both sides are told", async () => {
    await showBob(([two, , four]) => [two!, four!]);
    expect(bob.texts).to.deep.equal(["first", "two", "four"]);
    expect(bob.codes()).to.include("messages-missing");
    await aliceLearnsOfTheFork();
  });

  it("(11) doubled: shown once, and the sender is told", async () => {
    await showBob(([two, three]) => [two!, two!, three!]);
    expect(bob.texts).to.deep.equal(["first", "two", "three"]);
    expect(bob.unopened.map(({ reason }) => reason)).to.deep.equal(["replayed"]);
    await aliceLearnsOfTheFork();
  });

  it("(11) another time on a message: the sender is told", async () => {
    await showBob((entries) => entries.map((entry) => ({ ...entry, acceptedAt: entry.acceptedAt + 60_000 })));
    expect(bob.texts).to.deep.equal(["first", "two", "three", "four"]);
    await aliceLearnsOfTheFork();
  });

  it("(11) a payload that is not the sender's, in its place: nothing is shown, and the sender is told", async () => {
    await showBob((entries) => entries.map((entry) => ({ ...entry, payload: toBase64(new Uint8Array(700).fill(1)) })));
    expect(bob.texts).to.deep.equal(["first"]);
    await aliceLearnsOfTheFork();
  });

  it("(11) a message that is said to have gone, with another hash: the sender is told", async () => {
    await showBob(([two, three, four]) => [goneAs(two!, new Uint8Array(32).fill(1)), three!, four!]);
    expect(bob.texts).to.deep.equal(["first", "three", "four"]);
    await aliceLearnsOfTheFork();
  });

  it("(11) a message that is said to have gone, with its hash: withheld, and never delivered", async () => {
    await showBob(([two, three, four]) => [
      goneAs(two!, entryHash({ ...two!, payload: fromBase64(two!.payload) })),
      three!,
      four!,
    ]);
    expect(bob.texts).to.deep.equal(["first", "three", "four"]);
    const states = async () =>
      (await alice.chat.history()).messages.map((one) => ("state" in one ? one.state : "unopened"));
    await eventually(async () =>
      expect(await states()).to.deep.equal(["delivered", "accepted", "delivered", "delivered"]),
    );
    expect([alice.codes(), bob.codes()]).to.deep.equal([[], []]);
  });

  it("(11) a message that is said to have gone, under another number: nobody is silenced by it, and the reader is told", async () => {
    await showBob(([two, three, four]) => [
      { ...goneAs(two!, entryHash({ ...two!, payload: fromBase64(two!.payload) })), number: 2 ** 40 },
      three!,
      four!,
    ]);
    expect(bob.texts).to.deep.equal(["first", "three", "four"]);
    expect(bob.codes()).to.include("messages-missing");
  });

  it("(11) messages that are said to be of somebody who was erased: what is true is read, what is not is withheld, and never delivered", async () => {
    const erased = ({ voucher: _, ...entry }: LogEntry, payload = entry.payload): LogEntry => ({
      ...entry,
      sender: { ...entry.sender, user: newErasedUser() },
      payload,
      originalHash: toBase64(entryHash({ ...entry, payload: fromBase64(entry.payload) })),
    });
    await showBob(([two, three, four]) => [erased(two!, three!.payload), erased(three!), four!]);
    expect(bob.texts).to.deep.equal(["first", "three", "four"]);
    const states = async () =>
      (await alice.chat.history()).messages.map((one) => ("state" in one ? one.state : "unopened"));
    await eventually(async () =>
      expect(await states()).to.deep.equal(["delivered", "accepted", "delivered", "delivered"]),
    );
    expect([alice.codes(), bob.codes()]).to.deep.equal([[], []]);
  });

  it("(11) a page with a hole in it: nothing from behind the hole is taken in before what was in it", async () => {
    node.rewrite("message:posted", (entry, user) => (user === bob.client.user ? [] : [entry]));
    node.answer("log:read", async ({ user, forward }) => {
      const answer = await forward();
      if (user !== bob.client.user) return answer;
      const page = dataOf(answer);
      return ok<"log:read">({ ...page, entries: page.entries.filter(({ number }) => number !== 3) });
    });
    const sent = ["two", "three", "four"].map((text) => alice.chat.send(text));
    await Promise.all(sent.map((message) => message.reached("accepted", { timeout: 60_000 })));
    await bob.client.sync();
    expect(bob.texts).to.deep.equal(["first", "two"]);
    node.behave();
    await bob.client.sync();
    await Promise.all(sent.map((message) => message.reached("delivered", { timeout: 60_000 })));
    expect(bob.texts).to.deep.equal(["first", "two", "three", "four"]);
    expect([bob.unopened, bob.codes(), alice.codes()]).to.deep.equal([[], [], []]);
  });
});
