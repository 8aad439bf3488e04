import { expect } from "chai";
import { cp, readdir, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { memoryStore, type Client, type Conversation } from "../../src/client/index.ts";
import { eventually } from "../support/eventually.ts";
import { FlakyLink } from "../support/flaky-link.ts";
import { entriesInFile } from "../support/kept-entries.ts";
import { NodeProcess } from "../support/node-process.ts";
import { People, quickTimings } from "../support/people.ts";
import { messageOf, shownBy } from "../support/shown.ts";

describe("promises 1 and 2: a database put back to a copy gets back what clients hold", function () {
  this.timeout(90_000);
  let node: NodeProcess;
  let people: People;
  beforeEach(async () => {
    node = await NodeProcess.start();
    people = new People(() => node.url);
  });
  afterEach(async () => {
    await people.close();
    await node.close();
  });

  /** Copies the database of the stopped node; the answer puts it back, as an operator would. */
  async function copyDatabase(): Promise<() => Promise<void>> {
    const copy = join(node.folder, "copy");
    const data = dirname(node.file);
    await node.stop();
    await cp(data, copy, { recursive: true });
    await node.startAgain();
    return async () => {
      await node.stop();
      for (const name of await readdir(data)) await rm(join(data, name), { recursive: true });
      await cp(copy, data, { recursive: true });
      await node.startAgain();
    };
  }

  const say = (chat: Conversation, texts: readonly string[]) => texts.map((text) => chat.send(text));
  const numbered = (name: string, count: number) => Array.from({ length: count }, (_, index) => `${name} ${index}`);
  const allDelivered = (messages: ReturnType<typeof say>) =>
    Promise.all(messages.map((message) => message.reached("delivered", { timeout: 60_000 })));
  const textsOf = async (client: Client, peer: string) => {
    const page = await (await client.direct(peer)).history({ limit: 1000 });
    return page.messages.map((message) => ("text" in message ? message.text : message.reason));
  };
  /** Everything that a client is shown of others, each time that it is. */
  const shownTo = (client: Client) => {
    const shown: string[] = [];
    client.on("message", ({ message }) => shown.push(message.text));
    return shown;
  };

  it("whoever comes first: the same entries at the same places, and everybody goes on", async () => {
    const [alice, bob] = [await people.online("alice"), await people.online("bob")];
    const phone = await people.linked(bob);
    const shown = [bob, phone].map(shownTo);
    const [toBob, toAlice] = [await alice.direct("bob"), await bob.direct("alice")];
    const texts = numbered("before", 10);
    await allDelivered(say(toBob, texts));
    const putBack = await copyDatabase();
    const [lost, answers] = [numbered("lost", 100), numbered("answer", 20)];
    await allDelivered([...say(toBob, lost), ...say(toAlice, answers)]);
    const log = await entriesInFile(node.file);
    await putBack();
    expect((await entriesInFile(node.file)).length).to.be.lessThan(log.length - 100);
    await eventually(async () => expect(await entriesInFile(node.file)).to.deep.equal(log), 20_000);
    const after = numbered("after", 5);
    await allDelivered(say(toBob, after));
    for (const each of shown) {
      const heard = () => each.filter((text) => !text.startsWith("answer"));
      await eventually(() => expect(heard()).to.deep.equal([...texts, ...lost, ...after]));
    }
    const answered = await textsOf(alice, "bob");
    expect(answered.filter((text) => text.startsWith("answer"))).to.deep.equal(answers);
    expect(await textsOf(bob, "alice")).to.deep.equal(answered);
    expect(new Set(people.faults.map((fault) => fault.split(": ")[1]))).to.deep.equal(new Set(["diverged"]));
  });

  it("with changes of the group among what was lost", async () => {
    const timings = { ...quickTimings, selfUpdateAfterMs: 300 };
    const [alice, bob] = [await people.online("alice", { timings }), await people.online("bob", { timings })];
    const [toBob, toAlice] = [await alice.direct("bob"), await bob.direct("alice")];
    await allDelivered(say(toBob, ["one"]));
    const putBack = await copyDatabase();
    for (let round = 0; round < 3; round += 1) {
      await allDelivered([...say(toBob, [`to bob ${round}`]), ...say(toAlice, [`to alice ${round}`])]);
      await new Promise((resolve) => setTimeout(resolve, 350));
    }
    const log = await entriesInFile(node.file);
    expect(log.filter(({ kind }) => kind === 1).length).to.be.greaterThan(2);
    await putBack();
    await eventually(async () => {
      const now = await entriesInFile(node.file);
      expect(now.slice(0, log.length)).to.deep.equal(log);
    }, 20_000);
    await allDelivered([...say(toBob, ["last"]), ...say(toAlice, ["last, too"])]);
    expect(await textsOf(alice, "bob")).to.deep.equal(await textsOf(bob, "alice"));
  });

  it("the conversation itself, where it was founded after the copy", async () => {
    const [alice, bob] = [await people.online("alice"), await people.online("bob")];
    const putBack = await copyDatabase();
    await Promise.all([alice.connect(), bob.connect()]);
    const toBob = await alice.direct("bob");
    await allDelivered(say(toBob, numbered("lost", 5)));
    const log = await entriesInFile(node.file);
    await putBack();
    await eventually(async () => expect(await entriesInFile(node.file)).to.deep.equal(log), 20_000);
    await allDelivered([...say(toBob, ["after"]), ...say(await bob.direct("alice"), ["and back"])]);
    expect(await textsOf(bob, "alice")).to.have.members([...numbered("lost", 5), "after", "and back"]);
    expect(await textsOf(alice, "bob")).to.deep.equal(await textsOf(bob, "alice"));
  });

  it("though others have written on the shorter log: nobody is shown a message twice, and all hold the same", async () => {
    const stores = { alice: memoryStore(), tablet: memoryStore() };
    let alice = await people.online("alice", { store: stores.alice });
    let tablet = await people.linked(alice, { store: stores.tablet });
    const link = await FlakyLink.to({ url: node.url });
    const bob = await people.online("bob", { url: link.url });
    const bobs = shownTo(bob);
    await allDelivered(say(await alice.direct("bob"), ["one", "two"]));
    const putBack = await copyDatabase();
    await Promise.all([alice.connect(), tablet.connect(), bob.connect()]);
    link.takeDown();
    const lost = numbered("lost", 30);
    await Promise.all(
      say(await alice.direct("bob"), lost).map((message) => message.reached("accepted", { timeout: 60_000 })),
    );
    await eventually(async () => expect(await textsOf(tablet, "bob")).to.include.members(lost));
    for (const client of [alice, tablet]) {
      people.forget(client);
      await client.close();
    }
    await putBack();
    link.restore();
    await bob.connect();
    const forked = numbered("forked", 3);
    await Promise.all(
      say(await bob.direct("alice"), forked).map((message) => message.reached("accepted", { timeout: 60_000 })),
    );
    alice = await people.open("alice", { store: stores.alice });
    tablet = await people.open("alice", { store: stores.tablet });
    const [alices, tablets] = [shownTo(alice), shownTo(tablet)];
    await Promise.all([alice.connect(), tablet.connect()]);
    await Promise.all([alice.sync(), tablet.sync()]);
    const after = say(await alice.direct("bob"), ["after"]);
    await allDelivered(after);
    const expected = ["one", "two", ...forked, ...lost, "after"];
    for (const [client, peer] of [
      [alice, "bob"],
      [tablet, "bob"],
      [bob, "alice"],
    ] as const) {
      await eventually(async () => expect(await textsOf(client, peer)).to.have.members(expected));
    }
    const order = await textsOf(bob, "alice");
    expect(order).to.deep.equal(expected);
    expect(await textsOf(alice, "bob")).to.deep.equal(order);
    expect(await textsOf(tablet, "bob")).to.deep.equal(order);
    expect(alices).to.deep.equal(forked);
    expect(tablets).to.deep.equal([...forked, "after"]);
    expect(bobs).to.deep.equal(["one", "two", ...lost, "after"]);
    await link.close();
  });

  it("though messages were changed in what was lost, and others on the shorter log: all show the same", async () => {
    const store = memoryStore();
    let alice = await people.online("alice", { store });
    const link = await FlakyLink.to({ url: node.url });
    const bob = await people.online("bob", { url: link.url });
    const toBob = await alice.direct("bob");
    const [one, two] = say(toBob, ["one", "two"]);
    await allDelivered([one!, two!]);
    const toAlice = await bob.direct("alice");
    const theirs = await messageOf(toAlice, "one");
    const putBack = await copyDatabase();
    await Promise.all([alice.connect(), bob.connect()]);
    link.takeDown();
    await toBob.edit(one!, "one, better");
    await toBob.react(one!, "👍");
    await toBob.retract(two!);
    const last = toBob.send("lost");
    await last.reached("accepted", { timeout: 60_000 });
    await toBob.settled();
    people.forget(alice);
    await alice.close();
    await putBack();
    link.restore();
    await bob.connect();
    await toAlice.react(theirs, "🔥");
    await toAlice.send("forked").reached("accepted", { timeout: 60_000 });
    alice = await people.open("alice", { store });
    await alice.connect();
    await alice.sync();
    const again = await alice.direct("bob");
    await allDelivered(say(again, ["after"]));
    await eventually(() => {
      expect([...theirs.reactions.keys()]).to.have.members(["👍", "🔥"]);
      expect(theirs.text).to.equal("one, better");
    });
    await Promise.all([again.settled(), toAlice.settled()]);
    expect(await shownBy(again)).to.equal(await shownBy(toAlice));
    expect(await shownBy(again))
      .to.include("lost")
      .and.include("forked")
      .and.not.include('"two"');
    await link.close();
  });
});
