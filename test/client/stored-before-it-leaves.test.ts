import { expect } from "chai";
import { memoryStore, type ClientStore, type OpenClientStore } from "../../src/client/index.ts";
import { tables } from "../../src/client/records.ts";
import { eventually } from "../support/eventually.ts";
import { startGatewayNode, type GatewayNode } from "../support/gateway-node.ts";
import { coreOf } from "../support/held-state.ts";
import { People } from "../support/people.ts";
import { twoTalking } from "../support/two-talking.ts";

/** A store on a slow disk: while it is held, each write to the outbox waits until it is let through. */
class SlowStore implements ClientStore {
  isHeld = false;
  readonly waiting: (() => void)[] = [];
  private readonly inner = memoryStore();

  async open(): Promise<OpenClientStore> {
    const store = await this.inner.open();
    return {
      get: (table, id) => store.get(table, id),
      list: (table, options) => store.list(table, options),
      close: () => store.close(),
      write: async (changes) => {
        const isHeld = this.isHeld && changes.some(({ table }) => table === tables.outbox);
        if (isHeld) await new Promise<void>((letThrough) => this.waiting.push(letThrough));
        return store.write(changes);
      },
    };
  }

  letAllThrough(): void {
    this.isHeld = false;
    for (const letThrough of this.waiting.splice(0)) letThrough();
  }
}

describe("what leaves a device was stored before", () => {
  let node: GatewayNode;
  before(async () => {
    node = await startGatewayNode();
  });
  after(() => node.close());

  it("a message is stored before it is sealed, and its sealed form before it is sent", async () => {
    const people = new People(() => node.url);
    const store = new SlowStore();
    const { alice, bob } = await twoTalking(people, { store });
    /** Requests of one socket come in the order they were made: what left before has been answered by then. */
    const roundTrip = () => coreOf(alice.client).connection.request("inbox:read", { after: 0 });
    store.isHeld = true;
    const message = alice.chat.send("slowly");
    await eventually(() => expect(store.waiting).to.have.length(1));
    await roundTrip();
    expect(message.state).to.equal("queued");
    store.waiting.shift()!();
    await eventually(() => expect(store.waiting).to.have.length(1));
    await roundTrip();
    expect(message.state).to.equal("sealing");
    store.letAllThrough();
    await message.reached("delivered", { timeout: 60_000 });
    expect(bob.texts).to.deep.equal(["first", "slowly"]);
    expect(people.faults).to.deep.equal([]);
    await people.close();
  });
});
