import { expect } from "chai";
import { createClient, memoryStore, type Client, type ClientOptions, type Message } from "../../src/client/index.ts";
import { eventually } from "../support/eventually.ts";
import { startGatewayNode, tokenFor, type GatewayNode } from "../support/gateway-node.ts";

async function open(node: GatewayNode, user: string, options: Partial<ClientOptions> = {}): Promise<Client> {
  const timings = { reconnectBaseMs: 20, rosterPatienceMs: 50, gapMs: 20 };
  const keyPackages = { full: 4, low: 2 };
  const store = memoryStore();
  return createClient({ url: node.url, user, token: () => tokenFor(user), store, timings, keyPackages, ...options });
}

describe("a direct conversation through the SDK", () => {
  let node: GatewayNode;
  const clients: Client[] = [];
  const online = async (user: string): Promise<Client> => {
    const client = await open(node, user);
    clients.push(client);
    client.on("fault", (fault) => expect.fail(JSON.stringify(fault)));
    await client.connect();
    await client.sync();
    return client;
  };
  before(async () => {
    node = await startGatewayNode();
  });
  after(async () => {
    await Promise.all(clients.map((client) => client.close()));
    await node.close();
  });

  it("brings a message to somebody who is online, and says that it did", async () => {
    const alice = await online("alice");
    const bob = await online("bob");
    const received = new Promise<Message>((resolve) => bob.on("message", ({ message }) => resolve(message)));
    const chat = await alice.direct("bob");
    const sent = chat.send("hello");
    expect((await received).text).to.equal("hello");
    await sent.reached("delivered", { timeout: 60_000 });
    expect(sent.state).to.equal("delivered");
    expect(sent.sequence).to.equal(2);
    const [receipt] = await sent.receipts();
    expect(receipt?.user).to.equal("bob");
    expect(receipt?.deliveredAt).to.be.instanceOf(Date);
  });

  it("carries many messages both ways, in order, once", async () => {
    const carol = await online("carol");
    const dave = await online("dave");
    const heard: string[] = [];
    dave.on("message", ({ message }) => heard.push(message.text));
    const chat = await carol.direct("dave");
    const lines = Array.from({ length: 200 }, (_, index) => `line ${index}`);
    const sent = lines.map((line) => chat.send(line));
    await Promise.all(sent.map((message) => message.reached("delivered", { timeout: 60_000 })));
    expect(heard).to.deep.equal(lines);
    const back = await dave.direct("carol");
    await back.send("thanks").reached("delivered", { timeout: 60_000 });
    await eventually(async () => expect((await chat.unread()).map((one) => one.text)).to.deep.equal(["thanks"]));
  });

  it("keeps a message for somebody who has no device yet, and sends it when they register one", async () => {
    const erin = await online("erin");
    const chat = await erin.direct("frank");
    const sent = chat.send("are you there?");
    await eventually(() => expect(chat.waitingFor).to.equal("recipient-device"));
    expect(sent.state).to.equal("queued");
    const frank = await online("frank");
    await sent.reached("delivered", { timeout: 60_000 });
    const [conversation] = frank.conversations();
    expect((await conversation!.unread()).map((one) => one.text)).to.deep.equal(["are you there?"]);
  });

  it("withdraws a message that has not been sealed, and no other", async () => {
    const gina = await online("gina");
    const chat = await gina.direct("hugo");
    const withdrawn = chat.send("never mind");
    const sent = chat.send("come over");
    expect(await chat.cancel(withdrawn)).to.equal(true);
    expect(withdrawn.state).to.equal("failed");
    expect(chat.unsent()).to.deep.equal([sent]);
    const hugo = await online("hugo");
    await sent.reached("delivered", { timeout: 60_000 });
    expect(await chat.cancel(sent)).to.equal(false);
    expect((await hugo.conversations()[0]!.unread()).map((one) => one.text)).to.deep.equal(["come over"]);
  });

  it("pages through history, and shows what comes in a loop that ends when asked", async () => {
    const iris = await online("iris");
    const jack = await online("jack");
    const chat = await iris.direct("jack");
    for (const text of ["one", "two", "three"]) await chat.send(text).reached("delivered", { timeout: 60_000 });
    const theirs = await jack.direct("iris");
    const last = await theirs.history({ limit: 2 });
    expect(last.messages.map((one) => "text" in one && one.text)).to.deep.equal(["two", "three"]);
    const first = await theirs.history({ limit: 2, before: last.before! });
    expect(first.messages.map((one) => "text" in one && one.text)).to.deep.equal(["one"]);
    const stop = new AbortController();
    const heard: string[] = [];
    const loop = (async () => {
      for await (const message of theirs.messages({ signal: stop.signal })) {
        heard.push(message.text);
        if (heard.length === 2) stop.abort();
      }
    })();
    chat.send("four");
    chat.send("five");
    await loop;
    expect(heard).to.deep.equal(["four", "five"]);
    await theirs.markRead((await theirs.unread()).at(-1)!);
    expect(await theirs.unread()).to.deep.equal([]);
    const { safetyNumber } = await iris.verification("jack");
    expect((await jack.verification("iris")).safetyNumber).to.equal(safetyNumber);
    expect(safetyNumber).to.match(/^\d{5}( \d{5}){11}$/);
  });
});
