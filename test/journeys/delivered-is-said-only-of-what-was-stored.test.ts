import { expect } from "chai";
import { memoryStore, type ClientStore, type OpenClientStore, type RecordChange } from "../../src/client/index.ts";
import { silentTelemetry } from "../../src/actors/ports/silent-telemetry.ts";
import { tables } from "../../src/client/records.ts";
import { expireUndelivered } from "../../workers/delivery.ts";
import { eventually } from "../support/eventually.ts";
import { FlakyLink } from "../support/flaky-link.ts";
import { startGatewayNode, type GatewayNode } from "../support/gateway-node.ts";
import { People, textsFrom } from "../support/people.ts";

const day = 24 * 3600_000;

/** A store whose writes of log entries go through `gate` first. */
function guarded(gate: () => Promise<void>): ClientStore {
  const inner = memoryStore();
  return {
    async open(): Promise<OpenClientStore> {
      const opened = await inner.open();
      return {
        get: (table, id) => opened.get(table, id),
        list: (table, options) => opened.list(table, options),
        close: () => opened.close(),
        async write(changes: readonly RecordChange[]) {
          if (changes.some(({ table }) => table === tables.entries)) await gate();
          await opened.write(changes);
        },
      };
    },
  };
}

describe("promise 3, a receipt never lies: delivered is said only of what was stored", function () {
  this.timeout(120_000);
  let node: GatewayNode;
  let people: People;
  let link: FlakyLink | undefined;
  before(async () => {
    node = await startGatewayNode();
  });
  after(() => node.close());
  beforeEach(() => {
    people = new People(() => node.url);
  });
  afterEach(async () => {
    await link?.close();
    await people.close();
    expect(people.faults).to.deep.equal([]);
  });

  it("not before the recipient's device has written it, and at a time that makes sense", async () => {
    const alice = await people.online("alice");
    let gate = Promise.resolve();
    let asked = (): void => undefined;
    const bob = await people.online("bob", {
      store: guarded(() => {
        asked();
        return gate;
      }),
    });
    const chat = await alice.direct("bob");
    await chat.send("one").reached("delivered", { timeout: 60_000 });
    let open = (): void => undefined;
    gate = new Promise((resolve) => (open = resolve));
    const reachesStore = new Promise<void>((resolve) => (asked = resolve));
    const before = Date.now();
    const sent = chat.send("two");
    await reachesStore;
    await sent.reached("accepted");
    await alice.sync();
    expect(sent.state).to.equal("accepted");
    expect(await sent.receipts()).to.deep.equal([{ user: "bob" }]);
    expect(await textsFrom(bob, "alice")).to.deep.equal(["one"]);
    const openedAt = Date.now();
    open();
    await sent.reached("delivered", { timeout: 60_000 });
    const [receipt] = await sent.receipts();
    const times = [before, sent.sentAt, sent.acceptedAt!, openedAt, receipt!.deliveredAt!, Date.now()].map(Number);
    expect(times).to.deep.equal(times.toSorted((one, other) => one - other));
    expect(await textsFrom(bob, "alice")).to.deep.equal(["one", "two"]);
  });

  it("not when the recipient's device cannot write it; when it can again, once", async () => {
    const alice = await people.online("ann");
    let full = false;
    let refused = (): void => undefined;
    const store = guarded(async () => {
      if (!full) return;
      refused();
      throw new Error("the disk is full");
    });
    const bob = await people.online("ben", { store });
    const chat = await alice.direct("ben");
    await chat.send("one").reached("delivered", { timeout: 60_000 });
    const isRefused = new Promise<void>((resolve) => (refused = resolve));
    full = true;
    const sent = chat.send("two");
    await isRefused;
    await sent.reached("accepted");
    await alice.sync();
    expect(sent.state).to.equal("accepted");
    full = false;
    await bob.sync();
    await sent.reached("delivered", { timeout: 60_000 });
    expect(await textsFrom(bob, "ann")).to.deep.equal(["one", "two"]);
    expect(new Set(people.faults.splice(0)), "its application hears of it").to.deep.equal(new Set(["ben: internal"]));
  });

  it("of the user when any of its devices has it, and still when that device is revoked", async () => {
    const aliceStore = memoryStore();
    const alice = await people.online("amy", { store: aliceStore });
    const bobStore = memoryStore();
    const bob = await people.online("bea", { store: bobStore });
    const tablet = await people.linked(bob);
    const chat = await alice.direct("bea");
    await chat.send("one").reached("delivered", { timeout: 60_000 });
    await eventually(async () => expect(await textsFrom(tablet, "amy")).to.deep.equal(["one"]));
    await bob.close();
    const sent = chat.send("two");
    await sent.reached("delivered", { timeout: 60_000 });
    const again = await people.online("bea", { store: bobStore });
    await again.devices.revoke(tablet.device);
    await eventually(() => expect(tablet.connection).to.equal("refused"));
    await eventually(() => expect(chat.members).to.have.length(2));
    await chat.send("three").reached("delivered", { timeout: 60_000 });
    expect(await textsFrom(tablet, "amy")).to.deep.equal(["one", "two"]);
    await alice.close();
    const later = await people.online("amy", { store: aliceStore });
    const { messages } = await (await later.direct("bea")).history();
    expect(messages.map((one) => ("text" in one ? `${one.text}: ${one.state}` : one.reason))).to.deep.equal([
      "one: delivered",
      "two: delivered",
      "three: delivered",
    ]);
    people.faults.splice(0);
  });

  it("not by a device that was revoked while its ack was on the way", async () => {
    const alice = await people.online("ava");
    let gate = Promise.resolve();
    const bob = await people.online("bo", { store: guarded(() => gate) });
    link = await FlakyLink.to(node);
    const tablet = await people.linked(bob, { url: link.url });
    const chat = await alice.direct("bo");
    await chat.send("one").reached("delivered", { timeout: 60_000 });
    await eventually(async () => expect(await textsFrom(tablet, "ava")).to.deep.equal(["one"]));
    let open = (): void => undefined;
    gate = new Promise((resolve) => (open = resolve));
    link.hold("up");
    const sent = chat.send("two");
    await eventually(async () => expect(await textsFrom(tablet, "ava")).to.deep.equal(["one", "two"]));
    expect(sent.state).to.equal("accepted");
    await bob.devices.revoke(tablet.device);
    link.release();
    await eventually(() => expect(tablet.connection).to.equal("refused"));
    await alice.sync();
    expect(sent.state).to.equal("accepted");
    open();
    await sent.reached("delivered", { timeout: 60_000 });
    people.faults.splice(0);
  });

  it("expired, and not delivered, when the time to live has passed; delivered when they come after all", async () => {
    const alice = await people.online("ali");
    const bobStore = memoryStore();
    const bob = await people.online("bel", { store: bobStore });
    const chat = await alice.direct("bel");
    await chat.send("one").reached("delivered", { timeout: 60_000 });
    await bob.close();
    const sent = chat.send("two");
    await sent.reached("accepted");
    const sweep = (days: number): Promise<number> => {
      const { store, delivery, presence } = node;
      const now = (): number => Date.now() + days * day;
      return expireUndelivered({ store, delivery, presence, telemetry: silentTelemetry, now }, 30 * day);
    };
    expect(await sweep(29)).to.equal(0);
    expect(sent.state).to.equal("accepted");
    expect(await sweep(31)).to.equal(1);
    await eventually(() => expect(sent.state).to.equal("expired"));
    const [expired] = await sent.receipts();
    expect(expired!.deliveredAt).to.equal(undefined);
    expect(expired!.expiredAt).to.be.instanceOf(Date);
    expect(await sweep(32)).to.equal(0);
    await people.online("bel", { store: bobStore });
    await eventually(() => expect(sent.state).to.equal("delivered"));
    const [delivered] = await sent.receipts();
    expect(delivered!.expiredAt).to.equal(undefined);
  });
});
