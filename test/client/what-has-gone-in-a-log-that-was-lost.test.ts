import { expect } from "chai";
import { silentTelemetry } from "../../src/actors/ports/silent-telemetry.ts";
import type { Client } from "../../src/client/index.ts";
import { decodeRecord, tables, type DisappearingRecord } from "../../src/client/records.ts";
import { purgeExpired } from "../../workers/purge.ts";
import { eventually } from "../support/eventually.ts";
import { actorOf } from "../support/group-sides.ts";
import { coreOf } from "../support/held-state.ts";
import { dataOf, MaliciousNode, ok, refused } from "../support/malicious-node.ts";
import { People } from "../support/people.ts";
import { twoTalking, watch, type Side } from "../support/two-talking.ts";

const soon = { timeout: 60_000 };

describe("what has gone, in a log of which a node has lost the end", function () {
  this.timeout(120_000);
  let node: MaliciousNode;
  let people: People;
  let alice: Side;
  let bob: Side;
  beforeEach(async () => {
    node = await MaliciousNode.start();
    people = new People(() => node.url);
    ({ alice, bob } = await twoTalking(people));
  });
  afterEach(async () => {
    node.behave();
    await people.close();
    await node.close();
  });

  const purge = () =>
    purgeExpired({ store: node.inner.store, telemetry: silentTelemetry, now: () => Date.now() + 31 * 86_400_000 });
  const shownTo = async ({ chat }: Side): Promise<string[]> =>
    (await chat.history()).messages.map((one) => ("reason" in one ? `(${one.reason})` : one.text));
  const plaintexts = async (client: Client): Promise<string> => {
    const rows = [tables.entries, tables.orphans].map((table) => coreOf(client).store.list(table));
    return (await Promise.all(rows))
      .flat()
      .map(({ bytes }) => Buffer.from(bytes).toString("latin1"))
      .join();
  };
  const behind = (head: number): void =>
    node.push(bob.client.user, "conversation:behind", { conversation: actorOf(bob.chat).state.id, head });

  /** To bob the node is one that has nothing after a sequence, and takes nothing back. */
  async function losesAfter(sequence: number): Promise<void> {
    node.answer("log:read", async ({ user, request, forward }) => {
      if (user !== bob.client.user) return forward();
      if (request.after > sequence) return refused("diverged");
      const page = dataOf(await forward());
      return ok<"log:read">({
        ...page,
        head: sequence,
        entries: page.entries.filter((one) => one.sequence <= sequence),
      });
    });
    node.answer("log:restore", () => ok<"log:restore">({ restored: 0, head: sequence }));
    behind(actorOf(bob.chat).state.record.position);
    await eventually(() => expect(actorOf(bob.chat).state.record.position).to.equal(sequence));
    await eventually(async () => expect(await shownTo(bob)).to.deep.equal(["first"]));
  }

  /** Others have given back what they had. */
  async function hasItAgain(head: number): Promise<void> {
    node.behave();
    await eventually(() => {
      behind(head);
      expect(actorOf(bob.chat).state.record.position).to.equal(head);
    });
    await bob.chat.settled();
  }

  it("does not keep a device from going back to where both agree, though it lies in between", async () => {
    const { user } = bob.client;
    const begin = actorOf(bob.chat).state.record.position;
    people.forget(bob.client);
    await bob.client.close();
    await alice.chat.send({ text: "passing", expiresIn: 3600 }).reached("accepted", soon);
    await alice.chat.send("stays").reached("accepted", soon);
    await alice.chat.settled();
    await purge();
    const client = await people.open(user, { store: bob.store });
    bob = { ...watch(client, bob.store), chat: client.conversation(alice.chat.id)! };
    await client.connect();
    await eventually(async () => expect(await shownTo(bob)).to.deep.equal(["first", "(gone)", "stays"]));
    const head = actorOf(bob.chat).state.record.position;
    await losesAfter(begin);
    await hasItAgain(head);
    expect(await shownTo(bob)).to.deep.equal(["first", "(gone)", "stays"]);
    expect(bob.texts).to.deep.equal(["stays"]);
    expect(bob.codes()).to.not.include("state-lost");
    expect(actorOf(bob.chat).state.record.orphans).to.deep.equal([]);
    await alice.chat.send("and on").reached("delivered", soon);
  });

  it("is known again when it comes back: it goes when its time is over, and leaves no text beside the log", async () => {
    const begin = actorOf(bob.chat).state.record.position;
    await alice.chat.send({ text: "passing", expiresIn: 1 }).reached("delivered", soon);
    await eventually(() => expect(bob.texts).to.include("passing"));
    const head = actorOf(bob.chat).state.record.position;
    await losesAfter(begin);
    expect(await plaintexts(bob.client)).to.include("passing");
    await alice.chat.settled();
    await purge();
    await hasItAgain(head);
    expect(await shownTo(bob)).to.deep.equal(["first", "passing"]);
    expect(await coreOf(bob.client).store.list(tables.orphans)).to.deep.equal([]);
    const [record] = await coreOf(bob.client).store.list(tables.disappearing);
    expect(decodeRecord<DisappearingRecord>(record!.bytes)).to.include({ sequence: head, goesAt: null });
    await bob.chat.markRead((await bob.chat.unread()).at(-1)!);
    await eventually(async () => expect(await shownTo(bob)).to.deep.equal(["first"]));
    expect(await plaintexts(bob.client)).to.not.include("passing");
    expect(bob.texts.filter((text) => text === "passing")).to.have.length(1);
  });
});
