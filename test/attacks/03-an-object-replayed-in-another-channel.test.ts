import { expect } from "chai";
import { toBase64 } from "../../src/protocol/base64.ts";
import { newId, type MessageId } from "../../src/protocol/ids.ts";
import type { LogEntry } from "../../src/protocol/log-entry.ts";
import type { PushOf } from "../../src/protocol/pushes.ts";
import type { InboxEntry } from "../../src/protocol/requests.ts";
import { tables } from "../../src/client/records.ts";
import { eventually } from "../support/eventually.ts";
import { MaliciousNode, dataOf, ok } from "../support/malicious-node.ts";
import { People, quickTimings } from "../support/people.ts";
import { refusal } from "../support/refusal.ts";
import { newSide, twoTalking, type Side } from "../support/two-talking.ts";

type Delivered = Extract<PushOf<"message:delivered">, { kind: "delivered" }>;
type Readd = Extract<InboxEntry, { kind: "readd" }>;

describe("attack 3: a signed or sealed object replayed in another channel", () => {
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

  async function logOf(side: Side): Promise<LogEntry[]> {
    const [line] = node.linesOf(side.client.user);
    return dataOf(await line!.ask("log:read", { conversation: side.chat.id, after: 0, limit: 50 })).entries;
  }

  /** Bob finds this in the place of the next entry: it is stored as not opened, and nothing of it is shown. */
  async function bobDoesNotOpen(entry: LogEntry, reason: string): Promise<void> {
    const texts = [...bob.texts];
    node.push(bob.client.user, "message:posted", entry);
    await eventually(() => expect(bob.unopened.at(-1)?.sequence).to.equal(entry.sequence));
    expect(bob.unopened.at(-1)?.reason).to.equal(reason);
    expect(bob.texts).to.deep.equal(texts);
  }

  it("(3) a sealed message under another sequence, id, number, epoch or generation", async () => {
    const message = (await logOf(bob)).at(-1)!;
    const next = { ...message, sequence: 3 };
    await bobDoesNotOpen({ ...next }, "replayed");
    await bobDoesNotOpen({ ...next, sequence: 4, number: 2 }, "undecryptable");
    await bobDoesNotOpen({ ...next, sequence: 5, number: 2, id: newId<MessageId>() }, "undecryptable");
    await bobDoesNotOpen({ ...next, sequence: 6, number: 2, epoch: 0 }, "stale-epoch");
    await bobDoesNotOpen({ ...next, sequence: 7, number: 2, epoch: 2 }, "not-followed");
    await bobDoesNotOpen({ ...next, sequence: 8, number: 2, generation: 2 }, "not-followed");
  });

  it("(3) a fresh sealed message, before it was opened, under another id, number or sender", async () => {
    node.rewrite("message:posted", (entry, user) => (user === bob.client.user ? [] : [entry]));
    node.answer("log:read", ({ user, request, forward }) =>
      user === bob.client.user ? ok<"log:read">({ entries: [], head: request.after, floor: 0 }) : forward(),
    );
    const tablet = await people.linked(alice.client);
    await eventually(() => expect(alice.chat.members).to.have.length(3));
    const sent = ["two", "three", "four"].map((text) => alice.chat.send(text));
    await Promise.all(sent.map((one) => one.reached("accepted", { timeout: 60_000 })));
    const entries = (await logOf(bob)).slice(2);
    node.push(bob.client.user, "message:posted", entries[0]!);
    const [two, three, four] = entries.slice(1);
    expect(entries[0]!.kind).to.equal("commit");
    await bobDoesNotOpen({ ...two!, id: newId<MessageId>() }, "undecryptable");
    await bobDoesNotOpen({ ...three!, number: 7 }, "undecryptable");
    await bobDoesNotOpen({ ...four!, sender: { ...four!.sender, device: tablet.device } }, "wrong-sender");
  });

  it("(3) a sealed message of one conversation in another", async () => {
    const carol = await newSide(people, "carol");
    const withCarol = await alice.client.direct(carol.client.user);
    await withCarol.send("for carol").reached("delivered", { timeout: 60_000 });
    const forCarol = dataOf(
      await node
        .linesOf(carol.client.user)[0]!
        .ask("log:read", { conversation: carol.client.conversations()[0]!.id, after: 1, limit: 1 }),
    ).entries[0]!;
    const { conversation } = (await logOf(bob))[0]!;
    await bobDoesNotOpen({ ...forCarol, conversation, sequence: 3, number: 2 }, "undecryptable");
  });

  it("(3) an ack of one conversation as the ack of another", async () => {
    const carol = await newSide(people, "carol");
    const toCarol = await bob.client.direct(carol.client.user);
    await toCarol.send("for carol").reached("delivered", { timeout: 60_000 });
    node.rewrite("message:posted", (entry, user) => (user === carol.client.user ? [] : [entry]));
    node.answer("log:read", ({ user, request, forward }) =>
      user === carol.client.user ? ok<"log:read">({ entries: [], head: request.after, floor: 0 }) : forward(),
    );
    const waiting = toCarol.send("not delivered");
    await waiting.reached("accepted", { timeout: 60_000 });
    const answer = alice.chat.send("more");
    await answer.reached("delivered", { timeout: 60_000 });
    const { payload } = node.pushed.findLast(
      ({ name, user }) => name === "message:delivered" && user === alice.client.user,
    )!;
    const receipt = payload as Delivered;
    expect(receipt.ack.sequence).to.equal(waiting.sequence);
    const { user, device } = { user: carol.client.user, device: carol.client.device };
    const conversation = toCarol.id;
    const moved = { ...receipt, conversation, user, device, ack: { ...receipt.ack, conversation } };
    node.push(bob.client.user, "message:delivered", moved);
    node.push(bob.client.user, "message:delivered", { ...moved, ack: receipt.ack });
    node.push(bob.client.user, "message:delivered", { ...moved, user: receipt.user, device: receipt.device });
    await bob.client.sync();
    expect(waiting.state).to.equal("accepted");
    expect(await waiting.receipts()).to.deep.equal([{ user }]);
  });

  it("(3) what was sealed for one link, on another", async () => {
    const [one, two] = [await people.open(alice.client.user), await people.open(bob.client.user)];
    const [linkOne, linkTwo] = [await one.devices.link(), await two.devices.link()];
    const sealedFor = new Map<string, string>();
    node.rewrite("link:completed", ({ sealed }, user) => (sealedFor.set(user, sealed), []));
    await alice.client.devices.approve(linkOne.code);
    await bob.client.devices.approve(linkTwo.code);
    await eventually(() => expect(sealedFor.size).to.equal(2));
    const refusedOne = refusal(linkOne.completed, "link-mismatch");
    node.push(alice.client.user, "link:completed", { sealed: sealedFor.get(bob.client.user)! });
    await refusedOne;
    const refusedTwo = refusal(linkTwo.completed, "link-mismatch");
    node.push(bob.client.user, "link:completed", { sealed: toBase64(new Uint8Array(2000)) });
    await refusedTwo;
    await refusal(one.devices.list(), "device-unknown").catch(() => undefined);
    expect(await two.devices.list().catch(() => [])).to.deep.equal([]);
  });

  async function bobLosesHisGroup(): Promise<void> {
    await bob.client.close();
    const opened = await bob.store.open();
    for (const table of [tables.groupTrees, tables.groupRatchets]) {
      for (const { id } of await opened.list(table)) await opened.write([{ table, id, bytes: null }]);
    }
    await opened.close();
    bob.client = await people.online(bob.client.user, { store: bob.store });
    bob.chat = await bob.client.direct(alice.client.user);
  }

  /** Bob's group state is gone, so he asks to be added again; the request as the server passes it on. */
  async function bobAsks(): Promise<Readd> {
    await bobLosesHisGroup();
    const found = await eventually(() => {
      const asked = node.pushed.findLast(
        ({ name, user, payload }) =>
          name === "inbox:posted" && user === alice.client.user && (payload as InboxEntry).kind === "readd",
      );
      expect(asked).to.not.equal(undefined);
      return asked!.payload as Readd;
    });
    await alice.chat.send("welcome back").reached("delivered", { timeout: 60_000 });
    return found;
  }

  async function aliceFinds(entry: Readd): Promise<number> {
    const before = node.requests("conversation:commit", alice.client.user).length;
    let given = false;
    node.answer("inbox:read", ({ user, forward }) => {
      if (user !== alice.client.user || given) return forward();
      given = true;
      return ok<"inbox:read">({ entries: [entry], more: false });
    });
    node.answer("inbox:ack", () => ok<"inbox:ack">({}));
    await alice.client.sync();
    expect(given).to.equal(true);
    return node.requests("conversation:commit", alice.client.user).length - before;
  }

  it("(3) a request to be added again: not a second time, whatever time the server gives it", async () => {
    const asked = await bobAsks();
    for (const days of [0, 1, 8, 400]) {
      const at = asked.at + days * 24 * 3600_000;
      expect(await aliceFinds({ ...asked, position: 500 + days, at }), `after ${days} days`).to.equal(0);
    }
    await alice.chat.send("undisturbed").reached("delivered", { timeout: 60_000 });
  });

  it("(3) a second request within a week is for a person to answer, whatever time the server gives it", async () => {
    await bobAsks();
    const week = 8 * 24 * 3600_000;
    node.answer("inbox:read", async ({ forward }) => {
      const page = dataOf(await forward());
      return ok<"inbox:read">({ ...page, entries: page.entries.map((one) => ({ ...one, at: one.at + week })) });
    });
    const commits = node.requests("conversation:commit", alice.client.user).length;
    await bobLosesHisGroup();
    await eventually(() => expect(alice.codes()).to.include("readd-held"));
    expect(node.requests("conversation:commit", alice.client.user)).to.have.length(commits);
  });

  it("(3) a request to be added again: not by the key package that was used before, after however long", async () => {
    const timings = { ...quickTimings, readdEveryMs: 0 };
    ({ alice, bob } = await twoTalking(people, { timings }));
    const asked = await bobAsks();
    const uses = (): number => {
      const package_ = Buffer.from(asked.keyPackage, "base64").subarray(4);
      const commits = new Set(node.requests("conversation:commit", alice.client.user).map(({ commit }) => commit));
      return [...commits].filter((commit) => Buffer.from(commit, "base64").includes(package_)).length;
    };
    await eventually(() => expect(uses()).to.equal(1));
    await aliceFinds({ ...asked, position: 500, at: Date.now() + 1000 });
    expect(uses()).to.equal(1);
  });

  it("(3) a request to be added again, in another conversation, generation or epoch, or for another device", async () => {
    const asked = await bobAsks();
    const { alice: carol, bob: dave } = await twoTalking(people);
    void carol;
    const changes: Partial<Readd>[] = [
      { generation: 2 },
      { epoch: asked.epoch + 1 },
      { device: alice.client.device, user: alice.client.user },
      { device: dave.client.device, user: dave.client.user },
      { keyPackage: toBase64(new Uint8Array(3000)) },
    ];
    for (const change of changes) {
      expect(await aliceFinds({ ...asked, ...change, at: asked.at + 9e9 }), Object.keys(change)[0]).to.equal(0);
    }
  });
});
