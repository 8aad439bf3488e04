import { expect } from "chai";
import { createClient, memoryStore, type Client } from "../../src/client/index.ts";
import { startGatewayNode, tokenFor, type GatewayNode } from "../support/gateway-node.ts";
import { quickTimings } from "../support/quick-timings.ts";
import { refusal } from "../support/refusal.ts";

describe("the token of a connection", () => {
  let node: GatewayNode;
  const clients: Client[] = [];
  before(async () => {
    node = await startGatewayNode();
  });
  after(() => node.close());
  afterEach(async () => {
    await Promise.all(clients.splice(0).map((client) => client.close()));
  });

  async function make(user: string, token: Parameters<typeof createClient>[0]["token"]): Promise<Client> {
    const client = await createClient({ url: node.url, user, store: memoryStore(), token, timings: quickTimings });
    clients.push(client);
    return client;
  }

  it("is not kept when it was refused: after a new log-in the next one is asked for, and admitted", async () => {
    const tokens = ["eyJ.bad.token", await tokenFor("ida")];
    let asked = 0;
    const ida = await make("ida", () => tokens[asked++]!);
    await refusal(ida.connect(), "token-invalid");
    expect(ida.connection).to.equal("refused");
    await ida.connect();
    expect(ida.connection).to.equal("online");
    expect(asked).to.equal(2);
  });

  it("is asked for once, as long as it is good", async () => {
    let asked = 0;
    const jon = await make("jon", () => {
      asked += 1;
      return tokenFor("jon");
    });
    await jon.connect();
    await jon.connect();
    await jon.sync();
    expect(asked).to.equal(1);
  });

  it("does not keep a client from closing while the application does not give one", async () => {
    let isAsked = (): void => undefined;
    const asked = new Promise<void>((resolve) => (isAsked = resolve));
    let calledOff = false;
    const kay = await make("kay", ({ signal }) => {
      signal.addEventListener("abort", () => (calledOff = true));
      isAsked();
      return new Promise<string>(() => undefined);
    });
    const connecting = refusal(kay.connect(), "closed");
    await asked;
    await kay.close();
    await connecting;
    expect(calledOff).to.equal(true);
    expect(kay.connection).to.equal("offline");
  });
});
