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
    await sent.reached("delivered", { timeout: 5000 });
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
    await Promise.all(sent.map((message) => message.reached("delivered", { timeout: 15_000 })));
    expect(heard).to.deep.equal(lines);
    const back = await dave.direct("carol");
    await back.send("thanks").reached("delivered", { timeout: 5000 });
    await eventually(async () => expect((await chat.unread()).map((one) => one.text)).to.deep.equal(["thanks"]));
  });

  it("keeps a message for somebody who has no device yet, and sends it when they register one", async () => {
    const erin = await online("erin");
    const chat = await erin.direct("frank");
    const sent = chat.send("are you there?");
    await eventually(() => expect(chat.waitingFor).to.equal("recipient-device"));
    expect(sent.state).to.equal("queued");
    const frank = await online("frank");
    await sent.reached("delivered", { timeout: 10_000 });
    const [conversation] = frank.conversations();
    expect((await conversation!.unread()).map((one) => one.text)).to.deep.equal(["are you there?"]);
  });
});
