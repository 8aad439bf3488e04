import { expect } from "chai";
import { newId, type ConversationId } from "../../src/protocol/ids.ts";
import { eventually } from "../support/eventually.ts";
import { MaliciousNode, dataOf, ok } from "../support/malicious-node.ts";
import { People } from "../support/people.ts";
import { refusal } from "../support/refusal.ts";
import { newSide, twoTalking, watch } from "../support/two-talking.ts";

describe("attack 1: the server answers for another conversation, or begins a log with something else", () => {
  let node: MaliciousNode;
  let people: People;
  before(async () => {
    node = await MaliciousNode.start();
  });
  after(() => node.close());
  beforeEach(() => {
    people = new People(() => node.url);
  });
  afterEach(async () => {
    node.behave();
    await people.close();
  });

  it("(1) a conversation with somebody else, in the place of the one that was asked for", async () => {
    const [alice, bob, mallory] = [
      await newSide(people, "alice"),
      await newSide(people, "bob"),
      await newSide(people, "mallory"),
    ];
    const peer = mallory.client.user;
    node.answer("conversation:open", ({ user, forward }) => forward(user === alice.client.user ? { peer } : undefined));
    await refusal(alice.client.direct(bob.client.user), "diverged");
    expect(alice.codes()).to.deep.equal(["diverged"]);
    expect(alice.client.conversations().filter((one) => one.peer === bob.client.user)).to.deep.equal([]);
    node.behave();
    const chat = await alice.client.direct(bob.client.user);
    await chat.send("for bob's eyes").reached("delivered", { timeout: 60_000 });
    expect(bob.texts).to.deep.equal(["for bob's eyes"]);
    expect(mallory.texts).to.deep.equal([]);
  });

  it("(1) another conversation with the same person, once one is known: nothing is sent, the user is told", async () => {
    const { alice, bob } = await twoTalking(people);
    await alice.client.close();
    const again = watch(await people.open(alice.client.user, { store: alice.store }), alice.store);
    const chat = await again.client.direct(bob.client.user);
    node.answer("conversation:open", async ({ forward }) =>
      ok<"conversation:open">({ ...dataOf(await forward()), conversation: newId<ConversationId>() }),
    );
    node.answer("conversation:list", () => ok<"conversation:list">({ conversations: [], more: false }));
    const sentBefore = node.requests("message:send", alice.client.user).length;
    const message = chat.send("in the true one");
    await again.client.connect();
    await eventually(() => expect(again.codes()).to.include("diverged"));
    expect(message.state).to.equal("queued");
    expect(node.requests("message:send", alice.client.user)).to.have.length(sentBefore);
    node.behave();
    await again.client.sync();
    await message.reached("delivered", { timeout: 60_000 });
    expect(bob.texts).to.deep.equal(["first", "in the true one"]);
  });

  it("(1) a message where the log of a group begins: nothing is taken, the user is told, and the true log helps", async () => {
    const [alice, bob] = [await newSide(people, "alice"), await newSide(people, "bob")];
    const { user } = bob.client;
    const asMessage = { kind: "message" as const, number: 1 };
    node.rewrite("message:posted", (entry, to) => [
      to === user && entry.kind === "commit" ? { ...entry, ...asMessage } : entry,
    ]);
    node.answer("log:read", async ({ user: asker, forward }) => {
      const answer = await forward();
      if (asker !== user || !answer.ok) return answer;
      const { entries } = answer.data;
      const forged = entries.map((entry) => (entry.sequence === 1 ? { ...entry, ...asMessage } : entry));
      return ok<"log:read">({ ...answer.data, entries: forged });
    });
    const message = (await alice.client.direct(user)).send("after the beginning");
    await eventually(() => expect(bob.codes()).to.include("diverged"));
    await message.reached("accepted", { timeout: 60_000 });
    expect(bob.texts).to.deep.equal([]);
    expect(bob.codes()).to.not.include("internal");
    node.behave();
    await bob.client.sync();
    await message.reached("delivered", { timeout: 60_000 });
    expect(bob.texts).to.deep.equal(["after the beginning"]);
  });
});
