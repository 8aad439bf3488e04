import { expect } from "chai";
import {
  createClient,
  memoryStore,
  type Client,
  type ClientOptions,
  type ClientStore,
} from "../../src/client/index.ts";
import { tokenFor } from "./gateway-node.ts";
import { quickTimings } from "./quick-timings.ts";

export { quickTimings };

/** Clients of one test, closed together. A fault that the test did not expect fails it. */
export class People {
  private readonly url: () => string;
  private readonly clients: Client[] = [];
  readonly faults: string[] = [];

  constructor(url: () => string) {
    this.url = url;
  }

  /** A client that is not connected yet. */
  async open(user: string, options: Partial<ClientOptions> & { store?: ClientStore } = {}): Promise<Client> {
    const client = await createClient({
      url: this.url(),
      user,
      token: () => tokenFor(user),
      store: memoryStore(),
      timings: quickTimings,
      keyPackages: { full: 4, low: 2 },
      ...options,
    });
    client.on("fault", ({ code }) => this.faults.push(`${user}: ${code}`));
    this.clients.push(client);
    return client;
  }

  /** A client that is connected, registered, and in step with the node. */
  async online(user: string, options: Partial<ClientOptions> = {}): Promise<Client> {
    const client = await this.open(user, options);
    await client.connect();
    await client.sync();
    return client;
  }

  /** A further device of a user, linked from one that is set up. */
  async linked(primary: Client, options: Partial<ClientOptions> = {}): Promise<Client> {
    const client = await this.open(primary.user, options);
    const link = await client.devices.link();
    const approved = await primary.devices.approve(link.code);
    expect((await link.completed).checkDigits).to.equal(approved.checkDigits);
    await client.connect();
    await client.sync();
    return client;
  }

  /** Those that are closed with the test, in the order in which they came. */
  all(): readonly Client[] {
    return this.clients;
  }

  /** One that is not closed with the others: its test has ended it otherwise. */
  forget(client: Client): void {
    this.clients.splice(this.clients.indexOf(client), 1);
  }

  async close(): Promise<void> {
    await Promise.all(this.clients.map((client) => client.close()));
    this.clients.length = 0;
  }
}

/** Texts that a client holds from others in its conversation with somebody, in order. */
export async function textsFrom(client: Client, peer: string): Promise<string[]> {
  const conversation = client.conversations().find((one) => one.peer === peer);
  return conversation ? (await conversation.unread()).map((message) => message.text) : [];
}
