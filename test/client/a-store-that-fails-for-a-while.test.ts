import { expect } from "chai";
import { memoryStore, type ClientStore, type OpenClientStore } from "../../src/client/index.ts";
import { eventually } from "../support/eventually.ts";
import { startGatewayNode, type GatewayNode } from "../support/gateway-node.ts";
import { People } from "../support/people.ts";
import { twoTalking, watch, type Side } from "../support/two-talking.ts";

/** A store on a disk that can be full. */
class FullStore implements ClientStore {
  isFull = false;
  refused = 0;
  private readonly inner = memoryStore();

  async open(): Promise<OpenClientStore> {
    const store = await this.inner.open();
    return {
      get: (table, id) => store.get(table, id),
      list: (table, options) => store.list(table, options),
      close: () => store.close(),
      write: async (changes) => {
        if (!this.isFull) return store.write(changes);
        this.refused += 1;
        throw Object.assign(new Error("no space left on device"), { code: "ENOSPC" });
      },
    };
  }
}

describe("a store that fails for a while", () => {
  let node: GatewayNode;
  let people: People;
  let store: FullStore;
  let alice: Side;
  let bob: Side;
  const thrown: unknown[] = [];
  const note = (error: unknown): void => void thrown.push(error);
  before(async () => {
    node = await startGatewayNode();
  });
  after(() => node.close());
  beforeEach(async () => {
    people = new People(() => node.url);
    store = new FullStore();
    ({ alice, bob } = await twoTalking(people, { store }));
    thrown.length = 0;
    process.on("unhandledRejection", note);
  });
  afterEach(async () => {
    store.isFull = false;
    await people.close();
    process.off("unhandledRejection", note);
    expect(thrown).to.deep.equal([]);
  });

  /** The fault that a full disk is told by, with what was thrown. */
  async function isTold(): Promise<void> {
    const fault = await eventually(() => {
      const found = alice.faults.find(({ code }) => code === "internal");
      expect(found).to.not.equal(undefined);
      return found!;
    });
    expect(fault.cause).to.be.instanceOf(Error).with.property("code", "ENOSPC");
    expect(fault.conversation).to.equal(alice.chat.id);
  }

  it("what comes meanwhile is not acked, the person is told, and it is there when the store works again", async () => {
    store.isFull = true;
    const message = bob.chat.send("to a full disk");
    await message.reached("accepted", { timeout: 60_000 });
    await isTold();
    expect(alice.texts).to.deep.equal([]);
    await bob.client.sync();
    expect(message.state).to.equal("accepted");
    store.isFull = false;
    await alice.client.sync();
    await message.reached("delivered", { timeout: 60_000 });
    expect(alice.texts).to.deep.equal(["to a full disk"]);
  });

  it("the next message that comes brings the one before it", async () => {
    store.isFull = true;
    await bob.chat.send("to a full disk").reached("accepted", { timeout: 60_000 });
    await isTold();
    store.isFull = false;
    await bob.chat.send("to an empty one").reached("delivered", { timeout: 60_000 });
    expect(alice.texts).to.deep.equal(["to a full disk", "to an empty one"]);
  });

  it("a message that was stored and could not be sealed is sealed later, under the same number", async () => {
    await alice.client.close();
    alice = watch(await people.open(alice.client.user, { store }), store);
    alice.chat = await alice.client.direct(bob.client.user);
    const message = alice.chat.send("sealed in the end");
    await eventually(() => expect(alice.chat.unsent()).to.have.length(1));
    await alice.client.connect();
    store.isFull = true;
    await alice.client.sync().catch(() => undefined);
    store.isFull = false;
    await alice.client.sync();
    await message.reached("delivered", { timeout: 60_000 });
    expect(bob.texts).to.deep.equal(["first", "sealed in the end"]);
    expect(bob.faults).to.deep.equal([]);
  });

  it("a message that could not be stored has failed; those after it go", async () => {
    store.isFull = true;
    const failed = alice.chat.send("nowhere to keep it");
    await eventually(() => expect(failed.state).to.equal("failed"));
    expect(failed.error?.code).to.equal("internal");
    store.isFull = false;
    await alice.chat.send("kept").reached("delivered", { timeout: 60_000 });
    expect(bob.texts).to.deep.equal(["first", "kept"]);
    expect(alice.chat.unsent()).to.deep.equal([]);
  });
});
