import { expect } from "chai";
import type { Client, Message } from "../../src/client/index.ts";
import type { Conversation } from "../../src/client/conversation/conversation.ts";
import { copyOf } from "../support/copied-store.ts";
import { eventually } from "../support/eventually.ts";
import { MaliciousNode, ok } from "../support/malicious-node.ts";
import { People, textsFrom } from "../support/people.ts";
import { twoTalking, type Side } from "../support/two-talking.ts";

describe("receipts that prove what they say", () => {
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

  /** A further device of bob's that nobody adds to the group until `admit` is called. */
  async function linkedButNotAdmitted(): Promise<{ device: Client; admit: () => void }> {
    let admit = (): void => undefined;
    const admitted = new Promise<void>((resolve) => (admit = resolve));
    node.answer("keypackages:claim", async ({ forward }) => {
      await admitted;
      return forward();
    });
    return { device: await people.linked(bob.client), admit };
  }

  const isMember = (chat: Conversation, { device }: Client): boolean =>
    chat.members.some((member) => member.device === device);

  async function messageAt(chat: Conversation, sequence: number): Promise<Message> {
    const { messages } = await chat.history();
    return messages.find((message): message is Message => message.sequence === sequence && "text" in message)!;
  }

  it("a device that joined later does not say that it has what came before; the one that has it does", async () => {
    const tablet = await linkedButNotAdmitted();
    await bob.client.close();
    const before = ["one", "two", "three"].map((text) => alice.chat.send(text));
    for (const message of before) await message.reached("accepted", { timeout: 60_000 });
    tablet.admit();
    await eventually(() => expect(isMember(alice.chat, tablet.device)).to.equal(true));
    await alice.chat.send("to the tablet").reached("delivered", { timeout: 60_000 });
    await alice.client.sync();
    expect(before.map(({ state }) => state)).to.deep.equal(["accepted", "accepted", "accepted"]);
    expect(await before[0]!.receipts()).to.deep.equal([{ user: bob.client.user }]);

    const back = await people.online(bob.client.user, { store: bob.store });
    for (const message of before) await message.reached("delivered", { timeout: 60_000 });
    expect(await textsFrom(back, alice.client.user)).to.include.members(["one", "two", "three"]);
    expect(people.faults).to.deep.equal([]);
  });

  it("nor to a sender who was restored from a backup, and has not seen it join", async () => {
    const laptop = await people.linked(alice.client);
    await eventually(() => expect(laptop.conversations()[0]?.members ?? []).to.have.length(3));
    await eventually(() => expect(bob.chat.members).to.have.length(3));
    const tablet = await linkedButNotAdmitted();
    await bob.client.close();
    const lost = alice.chat.send("never reached bob");
    await lost.reached("accepted", { timeout: 60_000 });
    await alice.client.close();
    const backup = await copyOf(alice.store);
    tablet.admit();
    await eventually(() => expect(isMember(laptop.conversations()[0]!, tablet.device)).to.equal(true));
    const ahead = await people.online(alice.client.user, { store: alice.store });
    await (await ahead.direct(bob.client.user)).send("after the backup").reached("delivered", { timeout: 60_000 });
    await ahead.close();

    const restored = await people.online(alice.client.user, { store: backup });
    const chat = await restored.direct(bob.client.user);
    await chat.send("hello, tablet").reached("delivered", { timeout: 60_000 });
    await restored.sync();
    const found = await messageAt(chat, lost.sequence!);
    expect(found.text).to.equal("never reached bob");
    expect(found.state).to.equal("accepted");
    expect(await found.receipts()).to.deep.equal([{ user: bob.client.user }]);
    expect(await textsFrom(tablet.device, alice.client.user)).to.not.include("never reached bob");
  });

  /** Alice hears nothing of her log: not by push, not on reading, not as an answer to what she sends. */
  function hideTheLogFromAlice(): void {
    const { user } = alice.client;
    node.rewrite("message:posted", (entry, to) => (to === user ? [] : [entry]));
    node.answer("log:read", ({ user: asker, request, forward }) =>
      asker === user ? ok<"log:read">({ entries: [], head: request.after, floor: 0 }) : forward(),
    );
    node.answer("message:send", async ({ user: sender, forward }) => {
      const answer = await forward();
      return sender === user ? undefined : answer;
    });
  }

  const receiptsFor = (sequence: number): unknown[] =>
    node.pushed.filter(({ name, user, payload }) => {
      const ack = (payload as { ack?: { conversation: string; sequence: number } }).ack;
      const isHers = user === alice.client.user && ack?.conversation === alice.chat.id;
      return name === "message:delivered" && isHers && ack.sequence >= sequence;
    });

  it("one that comes before its message holds as soon as the message is there", async () => {
    hideTheLogFromAlice();
    const message = alice.chat.send("ahead of its place");
    await eventually(() => expect(bob.texts).to.include("ahead of its place"));
    await eventually(() => expect(receiptsFor(3)).to.not.be.empty);
    expect(message.state).to.equal("sending");
    node.behave();
    node.answer("receipts:read", ({ request }) =>
      ok<"receipts:read">({ receipts: [], version: request.after, more: false }),
    );
    await alice.client.sync();
    await message.reached("delivered", { timeout: 60_000 });
  });

  it("and is read again by a client that was closed between the two", async () => {
    hideTheLogFromAlice();
    alice.chat.send("ahead of its place");
    await eventually(() => expect(receiptsFor(3)).to.not.be.empty);
    await alice.client.sync();
    expect(node.requests("receipts:read", alice.client.user)).to.not.be.empty;
    await alice.client.close();
    node.behave();
    const restarted = await people.online(alice.client.user, { store: alice.store });
    const chat = await restarted.direct(bob.client.user);
    await eventually(async () => expect((await messageAt(chat, 3))?.state).to.equal("delivered"));
    expect(bob.texts).to.deep.equal(["first", "ahead of its place"]);
  });
});
