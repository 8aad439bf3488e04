import { expect } from "chai";
import { decodeContent } from "../../src/crypto/content.ts";
import { memoryStore, type Client, type ClientStore } from "../../src/client/index.ts";
import { decodeRecord, tables, type OutboxRecord } from "../../src/client/records.ts";
import { CrashingStore, type CrashPoint } from "../support/crashing-store.ts";
import { eventually } from "../support/eventually.ts";
import { coreOf, heldGroup } from "../support/held-state.ts";
import { MaliciousNode } from "../support/malicious-node.ts";
import { People, quickTimings, textsFrom } from "../support/people.ts";
import { losePower } from "../support/power-loss.ts";
import { keysUsedTwice } from "../support/ratchet-keys.ts";
import { newName } from "../support/two-talking.ts";

/** Every message is preceded by a commit. */
const timings = { ...quickTimings, selfUpdateAfterMs: 0, readdEveryMs: 0 };
const keyPackages = { full: 1, low: 1 };
type Name = "alice" | "bob";

/** Two people talk; one of them loses power at one of its writes, starts again from its disk, and goes on. */
class Session {
  readonly users: Record<Name, string>;
  private readonly people: People;
  private readonly node: MaliciousNode;
  private readonly clients = new Map<Name, Client>();

  constructor(node: MaliciousNode, people: People) {
    this.node = node;
    this.people = people;
    this.users = { alice: newName("alice"), bob: newName("bob") };
  }

  async open(name: Name, store: ClientStore): Promise<void> {
    const client = await this.people.open(this.users[name], { store, timings, keyPackages });
    this.clients.set(name, client);
    await client.connect();
    await client.sync();
  }

  client(name: Name): Client {
    return this.clients.get(name)!;
  }

  /** The whole of it; what an earlier run did already is left out. */
  async run(isOver: () => boolean): Promise<void> {
    for (const [from, to, text] of [
      ["alice", "bob", "one"],
      ["bob", "alice", "hello"],
      ["alice", "bob", "two"],
    ] as const) {
      if (isOver()) return;
      const chat = await this.client(from).direct(this.users[to]);
      if (isOver()) return;
      if (!(await this.said(from, chat.id)).includes(text)) chat.send(text);
      await eventually(async () => {
        if (!isOver()) expect(await textsFrom(this.client(to), this.users[from])).to.include(text);
      }, 15_000);
    }
  }

  /** Loses power: nothing of this client runs on. What had left it arrives. */
  async drop(name: Name): Promise<void> {
    const client = this.clients.get(name);
    if (client) await losePower(this.node, this.people, client);
    else for (const line of this.node.linesIfAny(this.users[name])) line.cut();
  }

  async keysUsedTwiceBy(name: Name): Promise<string[]> {
    const other = this.client(name === "alice" ? "bob" : "alice");
    const [chat] = other.conversations();
    const group = await heldGroup(other, chat!.id);
    const payloads = this.node.requests("message:send", this.users[name]).map(({ payload }) => payload);
    return keysUsedTwice(payloads, group);
  }

  /** What its disk knows of: sent, or in the outbox. */
  private async said(name: Name, conversation: string): Promise<string[]> {
    const client = this.client(name);
    const { store } = coreOf(client);
    const waiting = await store.list(tables.outbox, { prefix: conversation });
    const { messages } = await client.conversation(conversation)!.history();
    const own = messages.flatMap((one) => ("text" in one && one.sender.user === client.user ? [one.text] : []));
    const texts = waiting.map(({ bytes }) => decodeContent(decodeRecord<OutboxRecord>(bytes).content));
    return [...own, ...texts.map((content) => (content.kind === "text" ? content.text : ""))];
  }
}

describe("attack 24: a crash at every point between sealing and adoption", () => {
  let node: MaliciousNode;
  before(async () => {
    node = await MaliciousNode.start();
  });
  after(() => node.close());

  async function survives(crashing: Name, point: CrashPoint | undefined): Promise<number> {
    const people = new People(() => node.url);
    const session = new Session(node, people);
    const steady: Name = crashing === "alice" ? "bob" : "alice";
    await session.open(steady, memoryStore());
    const store = new CrashingStore(point);
    let isOver = false;
    const first = session.open(crashing, store).then(() => session.run(() => isOver));
    await Promise.race([first, store.survived]);
    isOver = true;
    const writes = store.writes;
    const disk = await store.outcome();
    if (disk) {
      first.catch(() => undefined);
      await session.drop(crashing);
      await session.open(crashing, disk);
      await session.run(() => false);
    }
    const { alice, bob } = session.users;
    expect(await textsFrom(session.client("bob"), alice)).to.deep.equal(["one", "two"]);
    expect(await textsFrom(session.client("alice"), bob)).to.deep.equal(["hello"]);
    expect(people.faults).to.deep.equal([]);
    for (const name of ["alice", "bob"] as const) expect(await session.keysUsedTwiceBy(name)).to.deep.equal([]);
    await people.close();
    return writes;
  }

  for (const crashing of ["alice", "bob"] as const) {
    const role = crashing === "alice" ? "founds, sends and commits" : "joins, receives and answers";
    it(`(24) of who ${role}: no key used twice, nothing lost, nothing doubled`, async function () {
      this.timeout(300_000);
      const writes = await survives(crashing, undefined);
      expect(writes).to.be.greaterThan(10);
      const failures: string[] = [];
      for (let write = 1; write <= writes; write++) {
        for (const stored of [false, true]) {
          await survives(crashing, { write, stored }).catch((error: Error) => {
            failures.push(`write ${write}${stored ? ", stored" : ""}: ${error.message}`);
          });
        }
      }
      expect(failures.join("\n")).to.equal("");
    });
  }
});
