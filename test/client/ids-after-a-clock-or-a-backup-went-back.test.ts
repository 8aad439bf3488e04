import { expect } from "chai";
import { memoryStore, type ClientStore } from "../../src/client/index.ts";
import { decodeRecord, encodeRecord, tables, type OutboxRecord } from "../../src/client/records.ts";
import { newId, type MessageId } from "../../src/protocol/ids.ts";
import { copyOf } from "../support/copied-store.ts";
import { eventually } from "../support/eventually.ts";
import { startGatewayNode, type GatewayNode } from "../support/gateway-node.ts";
import { People, textsFrom } from "../support/people.ts";
import { newName, newSide, twoTalking } from "../support/two-talking.ts";

const aheadMs = 3 * 60_000;

describe("ids after a clock or a backup went back", () => {
  let node: GatewayNode;
  let people: People;
  let bob: string;
  let bobHolds: () => Promise<string[]>;
  let alice: string;
  let store: ClientStore;
  before(async () => {
    node = await startGatewayNode();
  });
  after(() => node.close());
  beforeEach(async () => {
    people = new People(() => node.url);
    const talking = await twoTalking(people);
    await talking.alice.client.close();
    ({ store } = talking.alice);
    alice = talking.alice.client.user;
    bob = talking.bob.client.user;
    bobHolds = () => textsFrom(talking.bob.client, alice);
  });
  afterEach(() => people.close());

  /** Alice writes where there is no node; it stands in her outbox. */
  async function writeOffline(text: string): Promise<void> {
    const offline = await people.open(alice, { store });
    const chat = await offline.direct(bob);
    chat.send(text);
    await offline.close();
  }

  /** Alice's process had a clock that was ahead: the id in her outbox is of a time to come. */
  async function asIfWrittenAhead(): Promise<MessageId> {
    const opened = await store.open();
    const [row] = await opened.list(tables.outbox);
    const record = decodeRecord<OutboxRecord>(row!.bytes);
    const id = inTheFuture(record.id);
    await opened.write([
      { table: tables.outbox, id: row!.id, bytes: null },
      { table: tables.outbox, id: row!.id.replace(record.id, id), bytes: encodeRecord({ ...record, id }) },
    ]);
    await opened.close();
    return id;
  }

  it("a message written after the clock was set back comes after the one that still waits", async () => {
    await writeOffline("while ahead");
    const ahead = await asIfWrittenAhead();
    const client = await people.open(alice, { store });
    const message = (await client.direct(bob)).send("set right");
    expect(message.id > ahead).to.equal(true);
    await client.connect();
    await message.reached("delivered", { timeout: 60_000 });
    expect(await bobHolds()).to.deep.equal(["first", "while ahead", "set right"]);
    expect(people.faults).to.deep.equal([]);
  });

  it("and after those that were sent before, through one restart and another", async () => {
    await writeOffline("while ahead");
    const ahead = await asIfWrittenAhead();
    const before = await people.online(alice, { store });
    const [waiting] = (await before.direct(bob)).unsent();
    if (waiting) await waiting.reached("delivered", { timeout: 60_000 });
    await before.close();
    expect(newId<MessageId>() < ahead).to.equal(true);
    for (const text of ["set right", "once more"]) {
      const client = await people.online(alice, { store });
      const message = (await client.direct(bob)).send(text);
      expect(message.id > ahead).to.equal(true);
      await message.reached("delivered", { timeout: 60_000 });
      await client.close();
    }
    expect(await bobHolds()).to.deep.equal(["first", "while ahead", "set right", "once more"]);
    expect(people.faults).to.deep.equal([]);
  });

  it("a backup whose outbox has a message that went out later: it is not sent twice, and the next ones go", async () => {
    await writeOffline("went out later");
    const backup = await copyOf(store);
    const online = await people.online(alice, { store });
    const [waiting] = (await online.direct(bob)).unsent();
    if (waiting) await waiting.reached("delivered", { timeout: 60_000 });
    await online.close();
    const restored = await people.online(alice, { store: backup });
    const chat = await restored.direct(bob);
    await chat.send("after the restoring").reached("delivered", { timeout: 60_000 });
    expect(await bobHolds()).to.deep.equal(["first", "went out later", "after the restoring"]);
    expect(chat.unsent()).to.deep.equal([]);
    expect(people.faults).to.deep.equal([`${alice}: state-lost`]);
  });

  it("a message of a clone, older than what the other one sent, is not taken for sent: it fails, and a person decides", async () => {
    const clone = await copyOf(store);
    const later = await people.open(alice, { store: clone });
    const message = (await later.direct(bob)).send("written first");
    const online = await people.online(alice, { store });
    await (await online.direct(bob)).send("written second").reached("delivered", { timeout: 60_000 });
    await online.close();
    await later.connect();
    await eventually(() => expect(message.state).to.equal("failed"));
    expect(message.error?.code).to.equal("state-lost");
    await (await later.direct(bob)).send("written again").reached("delivered", { timeout: 60_000 });
    expect(await bobHolds()).to.deep.equal(["first", "written second", "written again"]);
  });

  it("a backup of the time before everything that was sent", async () => {
    const peer = await newSide(people, "carol");
    const own = memoryStore();
    const user = newName("dave");
    const first = await people.online(user, { store: own });
    await first.direct(peer.client.user);
    await first.close();
    const backup = await copyOf(own);
    const second = await people.online(user, { store: own });
    await (await second.direct(peer.client.user)).send("forgotten").reached("delivered", { timeout: 60_000 });
    await second.close();
    const restored = await people.online(user, { store: backup });
    await (await restored.direct(peer.client.user)).send("remembered").reached("delivered", { timeout: 60_000 });
    expect(peer.texts).to.deep.equal(["forgotten", "remembered"]);
  });
});

/** An id as a process made it whose clock was ahead. Ids of this process go on as they were. */
function inTheFuture(id: MessageId): MessageId {
  const time = Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16) + aheadMs;
  const hex = time.toString(16).padStart(12, "0");
  return `${hex.slice(0, 8)}-${hex.slice(8)}${id.slice(13)}` as MessageId;
}
