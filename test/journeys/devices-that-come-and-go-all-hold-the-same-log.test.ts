import { expect } from "chai";
import { memoryStore, type Client, type ClientStore, type Message } from "../../src/client/index.ts";
import { eventually } from "../support/eventually.ts";
import { FlakyLink } from "../support/flaky-link.ts";
import { entriesOf, lineOf } from "../support/kept-entries.ts";
import { NodeProcess } from "../support/node-process.ts";
import { People } from "../support/people.ts";

interface Device {
  client: Client;
  link: FlakyLink;
  store: ClientStore;
  /** Texts it was shown, each time it was. */
  shown: string[];
}

describe("promise 2, exactly once and in order: devices that come and go all hold the same log", function () {
  this.timeout(120_000);
  let node: NodeProcess;
  let people: People;
  const links: FlakyLink[] = [];
  before(async () => {
    node = await NodeProcess.start();
    people = new People(() => node.url);
  });
  after(async () => {
    await people.close();
    await Promise.all(links.map((link) => link.close()));
    await node.close();
  });

  async function device(open: (options: { url: string; store: ClientStore }) => Promise<Client>): Promise<Device> {
    const link = await FlakyLink.to(node);
    links.push(link);
    const store = memoryStore();
    const client = await open({ url: link.url, store });
    const shown: string[] = [];
    client.on("message", ({ message }) => shown.push(message.text));
    return { client, link, store, shown };
  }

  it("over lines that are cut, held up, slow, half-open or down for a while", async () => {
    const alice = await device((options) => people.online("alice", options));
    const bob = await device((options) => people.online("bob", options));
    const tablet = await device((options) => people.linked(alice.client, options));
    const phone = await device((options) => people.linked(bob.client, options));
    const devices = [alice, tablet, bob, phone];
    const chats = await Promise.all(
      devices.map(({ client }) => client.direct(client.user === "bob" ? "alice" : "bob")),
    );
    const sent: Message[] = [chats[0]!.send("hello")];
    await sent[0]!.reached("delivered", { timeout: 60_000 });
    await eventually(() => expect(chats.map((chat) => chat.isJoined)).to.deep.equal([true, true, true, true]));

    const disturbances: ((link: FlakyLink) => void)[] = [
      (link) => link.cut(),
      (link) => link.hold("down"),
      (link) => link.takeDown(),
      (link) => link.abandonNode(),
      (link) => void (link.delayMs = 5),
      (link) => link.hold("up"),
    ];
    for (let round = 0; round < 8; round++) {
      for (const [index, chat] of chats.entries()) {
        for (let line = 0; line < 10; line++) sent.push(chat.send(`device ${index} round ${round} line ${line}`));
      }
      // Each time another device has it hard, while the messages are on their way.
      const { link } = devices[round % devices.length]!;
      disturbances[round % disturbances.length]!(link);
      const others = sent.slice(-40).filter((_, index) => Math.floor(index / 10) !== round % devices.length);
      await Promise.all(others.map((message) => message.reached("accepted", { timeout: 60_000 })));
      link.restore();
      link.delayMs = 0;
      link.release();
      // What was held for long comes late, and into a connection that is gone.
      if (round % 2 === 1) link.cut();
    }
    await Promise.all(sent.map((message) => message.reached("delivered", { timeout: 60_000 })));
    await hasEverywhere(devices, sent.length);
    for (const { client } of devices) await client.close();

    const logs = await Promise.all(devices.map(async ({ store }) => entriesOf(store)));
    const last = logs[0]!.at(-1)!.sequence;
    for (const log of logs) {
      const first = log[0]!.sequence;
      expect(log.map(({ sequence }) => sequence)).to.deep.equal(from(first, last));
      expect(log.filter(({ kind }) => kind === "unopened")).to.deep.equal([]);
      const whole = logs[0]!.slice(-log.length);
      expect(log.map(lineOf)).to.deep.equal(whole.map(lineOf));
    }
    expect(logs[0]!.filter(({ kind }) => kind === "message").map(({ id }) => id)).to.have.members(
      sent.map(({ id }) => id),
    );
    for (const [index, { shown }] of devices.entries()) {
      expect(new Set(shown).size, "shown twice").to.equal(shown.length);
      for (let sender = 0; sender < devices.length; sender++) {
        const lines = shown.filter((text) => text.startsWith(`device ${sender}`));
        const written = sent.map(({ text }) => text).filter((text) => text.startsWith(`device ${sender}`));
        expect(lines, `of device ${sender}, at device ${index}`).to.deep.equal(sender === index ? [] : written);
      }
    }
    expect(people.faults).to.deep.equal([]);
  });
});

async function hasEverywhere(devices: readonly Device[], count: number): Promise<void> {
  for (const { client, shown } of devices) {
    const own = (count - 1) / devices.length;
    await eventually(() => expect(shown.length, client.device).to.be.at.least(count - 1 - own), 10_000);
    await client.conversations()[0]!.settled();
  }
}

function from(first: number, last: number): number[] {
  return Array.from({ length: last - first + 1 }, (_, index) => first + index);
}
