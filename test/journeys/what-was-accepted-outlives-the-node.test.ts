import { expect } from "chai";
import type { Client, Message } from "../../src/client/index.ts";
import { eventually } from "../support/eventually.ts";
import { FlakyLink } from "../support/flaky-link.ts";
import { entriesInFile, plainId } from "../support/kept-entries.ts";
import { NodeProcess } from "../support/node-process.ts";
import { People, textsFrom } from "../support/people.ts";

const kills = 3;

describe("promise 1, accepted is durable: what was accepted outlives the node", function () {
  this.timeout(120_000);
  let node: NodeProcess;
  let people: People;
  before(async () => {
    node = await NodeProcess.start();
  });
  after(() => node.close());
  beforeEach(() => {
    people = new People(() => node.url);
  });
  afterEach(async () => {
    await people.close();
    expect(people.faults).to.deep.equal([]);
  });

  it("is in the file after kill -9 under load, and reaches its recipient once", async () => {
    const pairs: [Client, Client][] = [];
    for (const number of [1, 2]) {
      pairs.push([await people.online(`ann-${number}`), await people.online(`ben-${number}`)]);
    }
    const sent: Message[] = [];
    const writers = pairs.flatMap(([one, other]) => [new Writer(one, other, sent), new Writer(other, one, sent)]);
    await Promise.all(writers.map((writer) => writer.greet()));
    for (let kill = 1; kill <= kills; kill++) {
      const before = sent.filter(isAccepted).length;
      for (const writer of writers) writer.write(60);
      // Some way into the load, each time another one.
      await eventually(() => expect(sent.filter(isAccepted).length).to.be.greaterThan(before + 17 * kill), 20_000, 1);
      await node.kill();
      const heard = sent.filter(isAccepted);
      const stored = new Set((await entriesInFile(node.file)).map(({ id }) => id));
      expect(heard.filter(({ id }) => !stored.has(plainId(id))).length, "accepted, and not in the file").to.equal(0);
      await node.startAgain();
    }
    await Promise.all(sent.map((message) => message.reached("delivered", { timeout: 60_000 })));
    for (const writer of writers) {
      expect(await textsFrom(writer.peer, writer.client.user)).to.deep.equal(writer.texts);
    }
    const log = await entriesInFile(node.file);
    expect(new Set(log.map(({ id }) => id)).size, "no message stands in the log twice").to.equal(log.length);
  });

  it("reaches its recipient when the node dies between the commit and the answer", async () => {
    const links = { eve: await FlakyLink.to(node), gus: await FlakyLink.to(node) };
    const eve = await people.online("eve", { url: links.eve.url });
    const gus = await people.online("gus", { url: links.gus.url });
    const chat = await eve.direct("gus");
    await chat.send("one").reached("delivered", { timeout: 60_000 });
    links.eve.hold("down");
    links.gus.hold("down");
    const series = "sotto_messages_accepted_total";
    const before = await node.metric(series);
    const sent = chat.send("two");
    await eventually(async () => expect(await node.metric(series)).to.equal(before + 1));
    await node.kill();
    expect(sent.state).to.equal("sending");
    for (const link of Object.values(links)) {
      link.cut();
      link.release();
    }
    await node.startAgain();
    await sent.reached("delivered", { timeout: 60_000 });
    expect(await textsFrom(gus, "eve")).to.deep.equal(["one", "two"]);
    await Promise.all(Object.values(links).map((link) => link.close()));
  });
});

const isAccepted = (message: Message): boolean => ["accepted", "delivered", "read"].includes(message.state);

/** Writes numbered lines to one other. */
class Writer {
  readonly client: Client;
  readonly peer: Client;
  readonly texts: string[] = [];
  private readonly sent: Message[];
  private chat: Awaited<ReturnType<Client["direct"]>> | undefined;

  constructor(client: Client, peer: Client, sent: Message[]) {
    this.client = client;
    this.peer = peer;
    this.sent = sent;
  }

  async greet(): Promise<void> {
    this.chat = await this.client.direct(this.peer.user);
    this.write(1);
    await this.sent.at(-1)!.reached("accepted", { timeout: 60_000 });
  }

  write(count: number): void {
    for (let more = 0; more < count; more++) {
      const text = `${this.client.user} ${this.texts.length}`;
      this.texts.push(text);
      this.sent.push(this.chat!.send(text));
    }
  }
}
