import { expect } from "chai";
import type { Message } from "../../src/client/index.ts";
import { eventually } from "../support/eventually.ts";
import { MaliciousNode, ok } from "../support/malicious-node.ts";
import { People } from "../support/people.ts";
import { twoTalking, type Side } from "../support/two-talking.ts";

const texts = Array.from({ length: 40 }, (_, index) => `line ${index}`);

describe("one's own messages in one's own history", () => {
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
    expect(people.faults).to.deep.equal([]);
  });

  const isHers = (user: string): boolean => user === alice.client.user;

  /** Her log is read by a page that the node cut before her messages, and that comes after the answers to them. */
  async function readWhileTheyAreAnswered(): Promise<() => void> {
    node.rewrite("message:posted", (entry, user) => (isHers(user) ? [] : [entry]));
    await bob.chat.send("from the other side").reached("accepted", { timeout: 60_000 });
    let isCut = (): void => undefined;
    let page = (): void => undefined;
    const cut = new Promise<void>((resolve) => (isCut = resolve));
    const released = new Promise<void>((resolve) => (page = resolve));
    const over = node.answer("log:read", async ({ user, forward }) => {
      const answer = await forward();
      if (!isHers(user)) return answer;
      over();
      isCut();
      await released;
      return answer;
    });
    node.push(alice.client.user, "conversation:behind", { conversation: alice.chat.id, head: 3 });
    await cut;
    return page;
  }

  async function allAreHeld(messages: Message[]): Promise<void> {
    for (const message of messages) await message.reached("accepted", { timeout: 60_000 });
    await alice.client.sync();
    await eventually(async () => {
      const { messages: held } = await alice.chat.history({ limit: 200 });
      expect(held.filter((one) => "reason" in one)).to.deep.equal([]);
      expect(held.map((one) => ("text" in one ? one.text : one.reason))).to.deep.equal([
        "first",
        "from the other side",
        ...texts,
      ]);
    });
    await eventually(() => expect(bob.texts).to.deep.equal(["first", ...texts]));
    expect(alice.chat.unsent()).to.deep.equal([]);
  }

  it("stand in it although they were accepted while a page that was cut before them was read", async () => {
    let release = (): void => undefined;
    const released = new Promise<void>((resolve) => (release = resolve));
    node.answer("message:send", async ({ user, forward }) => {
      if (isHers(user)) await released;
      return forward();
    });
    const messages = texts.map((text) => alice.chat.send(text));
    await eventually(() => expect(node.requests("message:send", alice.client.user)).to.have.length(texts.length + 1));
    const page = await readWhileTheyAreAnswered();
    release();
    await Promise.all(messages.map((message) => message.reached("accepted", { timeout: 60_000 })));
    page();
    await allAreHeld(messages);
  });

  it("stand in it although the node had them from an earlier try, and a page was cut before them", async () => {
    let release = (): void => undefined;
    const released = new Promise<void>((resolve) => (release = resolve));
    node.answer("message:send", async ({ user, forward }) => {
      if (!isHers(user)) return forward();
      await released;
      await forward();
      return ok<"message:send">({ status: "already-accepted" });
    });
    const messages = texts.map((text) => alice.chat.send(text));
    await eventually(() => expect(node.requests("message:send", alice.client.user)).to.have.length(texts.length + 1));
    const page = await readWhileTheyAreAnswered();
    release();
    const known = (): number =>
      node.exchanges.filter(({ name, user, answer }) => name === "message:send" && isHers(user) && answer).length;
    await eventually(() => expect(known()).to.equal(texts.length + 1));
    page();
    await allAreHeld(messages);
  });
});
