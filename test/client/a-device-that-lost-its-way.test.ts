import { expect } from "chai";
import { memoryStore, type ClientStore, type OpenClientStore, type RecordChange } from "../../src/client/index.ts";
import { tables } from "../../src/client/records.ts";
import { eventually } from "../support/eventually.ts";
import { startGatewayNode, type GatewayNode } from "../support/gateway-node.ts";
import { MaliciousNode } from "../support/malicious-node.ts";
import { People, quickTimings, textsFrom } from "../support/people.ts";

/** A copy of a closed store, as a restored backup would be. */
async function copyOf(store: ClientStore): Promise<ClientStore> {
  const from = await store.open();
  const changes: RecordChange[] = [];
  for (const table of Object.values(tables)) {
    for (const { id, bytes } of await from.list(table)) changes.push({ table, id, bytes });
  }
  await from.close();
  const copy = memoryStore();
  const to: OpenClientStore = await copy.open();
  await to.write(changes);
  await to.close();
  return copy;
}

describe("a device that lost its way", () => {
  let node: GatewayNode;
  let people: People;
  before(async () => {
    node = await startGatewayNode();
  });
  after(() => node.close());
  beforeEach(() => {
    people = new People(() => node.url);
  });
  afterEach(() => people.close());

  it("does not send under an old state, is added again without anybody doing anything, and goes on", async () => {
    const store = memoryStore();
    const first = await people.online("ida", { store });
    const jon = await people.online("jon");
    const chat = await first.direct("jon");
    await chat.send("one").reached("delivered", { timeout: 60_000 });
    await first.close();
    const backup = await copyOf(store);

    const second = await people.online("ida", { store });
    await (await second.direct("jon")).send("two").reached("delivered", { timeout: 60_000 });
    await second.close();

    const restored = await people.online("ida", { store: backup });
    const again = await restored.direct("jon");
    const sent = again.send("three");
    await sent.reached("delivered", { timeout: 60_000 });
    expect(await textsFrom(jon, "ida")).to.deep.equal(["one", "two", "three"]);
    expect(people.faults).to.include("ida: state-lost");
    await (await jon.direct("ida")).send("welcome back").reached("delivered", { timeout: 60_000 });
    expect(await textsFrom(restored, "jon")).to.deep.equal(["welcome back"]);
  });

  it("whose group state is gone is added again", async () => {
    const store = memoryStore();
    const kay = await people.online("kay", { store });
    const lee = await people.online("lee");
    await (await lee.direct("kay")).send("one").reached("delivered", { timeout: 60_000 });
    await kay.close();
    const opened = await store.open();
    for (const table of [tables.groupTrees, tables.groupRatchets]) {
      for (const { id } of await opened.list(table)) await opened.write([{ table, id, bytes: null }]);
    }
    await opened.close();
    const back = await people.online("kay", { store });
    const message = (await lee.direct("kay")).send("two");
    await message.reached("delivered", { timeout: 60_000 });
    expect(await textsFrom(back, "lee")).to.deep.equal(["one", "two"]);
  });

  it("is added at its next request where the commit that answered the first was refused: that counts for nothing", async () => {
    const liar = await MaliciousNode.start();
    const those = new People(() => liar.url);
    const store = memoryStore();
    const max = await those.online("max", { store });
    const ned = await those.online("ned");
    await (await ned.direct("max")).send("one").reached("delivered", { timeout: 60_000 });
    await max.close();
    const opened = await store.open();
    for (const table of [tables.groupTrees, tables.groupRatchets]) {
      for (const { id } of await opened.list(table)) await opened.write([{ table, id, bytes: null }]);
    }
    await opened.close();
    let refusals = 0;
    const refuse = liar.answer("conversation:commit", async () => {
      refusals += 1;
      return { ok: false, error: { code: "commit-invalid", retryable: false } };
    });
    const back = await those.online("max", { store });
    await eventually(() => expect(refusals).to.be.greaterThan(0));
    refuse();
    // By itself: nothing is compared meanwhile.
    await eventually(async () => expect((await back.direct("ned")).isJoined).to.equal(true));
    const message = (await ned.direct("max")).send("two");
    await message.reached("delivered", { timeout: 60_000 });
    expect(await textsFrom(back, "ned")).to.deep.equal(["one", "two"]);
    expect(those.faults).to.not.include("ned: readd-held");
    await those.close();
    await liar.close();
  });

  it("is not added again by itself a second time in a week: a person is asked", async () => {
    const store = memoryStore();
    const mia = await people.online("mia", { store });
    const ned = await people.online("ned");
    await (await mia.direct("ned")).send("one").reached("delivered", { timeout: 60_000 });
    await mia.close();
    const backup = await copyOf(store);
    const backupTwo = await copyOf(backup);
    const ahead = await people.online("mia", { store });
    await (await ahead.direct("ned")).send("ahead").reached("delivered", { timeout: 60_000 });
    await ahead.close();
    const restored = await people.online("mia", { store: backup });
    await (await restored.direct("ned")).send("back").reached("delivered", { timeout: 60_000 });
    await restored.close();
    const again = await people.online("mia", { store: backupTwo });
    await eventually(() => expect(people.faults).to.include("ned: readd-held"));
    const chat = await again.direct("ned");
    await eventually(() => expect(chat.waitingFor).to.equal("welcome"));
    const sent = chat.send("once more");
    expect(await (await ned.direct("mia")).letIn(again.device)).to.equal(true);
    await sent.reached("delivered", { timeout: 60_000 });
    expect(ned.connection).to.equal("online");
  });

  it("updates its keys before the first message after a day", async () => {
    const timings = { ...quickTimings, selfUpdateAfterMs: 1 };
    const oda = await people.online("oda", { timings });
    const pia = await people.online("pia");
    const chat = await oda.direct("pia");
    await chat.send("one").reached("delivered", { timeout: 60_000 });
    await chat.send("two").reached("delivered", { timeout: 60_000 });
    const row = await node.store.findConversation(chat.id);
    expect(row?.epoch).to.be.greaterThan(1);
    expect(await textsFrom(pia, "oda")).to.deep.equal(["one", "two"]);
  });
});
