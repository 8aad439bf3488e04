import { expect } from "chai";
import type { Store } from "../../src/actors/ports/store.ts";
import { mailboxBounds } from "../../src/actors/actor-settings.ts";
import { foundDirect, messageOf } from "../support/direct-on-node.ts";
import { eventually } from "../support/eventually.ts";
import { FlakyLink } from "../support/flaky-link.ts";
import { startGatewayNode } from "../support/gateway-node.ts";
import { NodeProcess } from "../support/node-process.ts";
import { People, textsFrom } from "../support/people.ts";

const lines = (count: number, text = ""): string[] => Array.from({ length: count }, (_, index) => `${index} ${text}`);

/** For what is to come; these tests fill a node, and a busy machine takes its time. */
const patienceMs = 60_000;

describe("promise 8: overload is refused in words", function () {
  this.timeout(4 * patienceMs);
  let closing: (() => Promise<void>)[];
  beforeEach(() => {
    closing = [];
  });
  afterEach(async () => {
    for (const close of closing.reverse()) await close();
  });

  it("who sends more than the rate waits as told, and everything arrives, once and in order", async () => {
    const node = await NodeProcess.start({ RATE_MESSAGES_PER_SECOND: "100" });
    const people = new People(() => node.url);
    closing.push(
      () => node.close(),
      () => people.close(),
    );
    const alice = await people.online("alice");
    const bob = await people.online("bob");
    const chat = await alice.direct("bob");
    const sent = lines(200).map((line) => chat.send(line));
    await Promise.all(sent.map((message) => message.reached("delivered", { timeout: patienceMs })));
    expect(await textsFrom(bob, "alice")).to.deep.equal(lines(200));
    const refused = await node.metric('sotto_requests_total{request="message:send",code="rate-limited"}');
    expect(refused).to.be.greaterThan(0);
    expect(people.faults).to.deep.equal([]);
  });

  it("when the mailboxes are full the next is told to come back, and what comes back is taken", async () => {
    let release = (): void => undefined;
    const blocked = new Promise<void>((resolve) => (release = resolve));
    const wrapStore = (store: Store): Store => ({
      ...store,
      acceptMessages: async (...parameters) => {
        await blocked;
        return store.acceptMessages(...parameters);
      },
    });
    const node = await startGatewayNode({ wrapStore });
    const people = new People(() => node.url);
    closing.push(
      () => node.close(),
      () => people.close(),
    );
    const alice = await people.online("alice");
    const bob = await people.online("bob");
    const chat = await alice.direct("bob");
    const large = "x".repeat(200_000);
    const room = Math.floor(mailboxBounds.conversation.totalWeight / ((large.length * 4) / 3 + 4));
    const answers: Promise<unknown>[] = [];
    const flooders = [await foundDirect(node, ["mia", "max"]), await foundDirect(node, ["nia", "nox"])];
    closing.push(async () => {
      for (const { alice: one, bob: other } of flooders) [one, other].forEach(({ socket }) => socket.close());
    });
    const flood = flooders.flatMap(({ alice: one, bob: other, conversation }) =>
      [one, other].map(({ socket }) => ({ socket, conversation, number: 0 })),
    );
    const refused: unknown[] = [];
    for (let index = 0; index < room + 8; index++) {
      const flooder = flood[index % flood.length]!;
      const answer = flooder.socket.ask("message:send", messageOf(flooder.conversation, ++flooder.number, large));
      answers.push(answer.then((one) => ((one as { ok: boolean }).ok ? "taken" : void refused.push(one))));
    }
    await eventually(() => expect(refused).to.have.length(8), patienceMs);
    const sent = lines(60, "y".repeat(20_000)).map((line) => chat.send(line));
    await sent.at(-1)!.reached("sending", { timeout: patienceMs });
    release();
    await Promise.all(sent.map((message) => message.reached("delivered", { timeout: patienceMs })));
    expect(await textsFrom(bob, "alice")).to.deep.equal(sent.map(({ text }) => text));
    expect((await Promise.all(answers)).filter((one) => one === "taken")).to.have.length(room);
    const inWords = { ok: false, error: { code: "overloaded", retryable: true, retryAfterMs: 500 } };
    expect(refused).to.deep.equal(Array(8).fill(inWords));
    expect(people.faults).to.deep.equal([]);
  });

  it("who takes nothing in is sent away, not buffered for without end, and finds everything in the log", async () => {
    const node = await NodeProcess.start();
    const link = await FlakyLink.to(node);
    const people = new People(() => node.url);
    closing.push(
      () => node.close(),
      () => link.close(),
      () => people.close(),
    );
    const alice = await people.online("alice");
    const bob = await people.online("bob", { url: link.url });
    const chat = await alice.direct("bob");
    await chat.send("hello").reached("delivered", { timeout: patienceMs });
    link.hold("down");
    const sent = lines(150, "z".repeat(115_000)).map((line) => chat.send(line));
    await Promise.all(sent.map((message) => message.reached("accepted", { timeout: patienceMs })));
    await eventually(async () => expect(await node.metric("sotto_sockets")).to.equal(1), patienceMs, 100);
    expect(sent.at(-1)!.state).to.equal("accepted");
    link.cut();
    link.release();
    await Promise.all(sent.map((message) => message.reached("delivered", { timeout: patienceMs })));
    expect((await textsFrom(bob, "alice")).slice(1)).to.deep.equal(sent.map(({ text }) => text));
    expect(people.faults).to.deep.equal([]);
  });
});
