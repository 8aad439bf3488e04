import { expect } from "chai";
import { memoryStore, type Client, type ClientStore, type Group } from "../../src/client/index.ts";
import { tables } from "../../src/client/records.ts";
import { eventually } from "../support/eventually.ts";
import { MaliciousNode } from "../support/malicious-node.ts";
import { People, quickTimings } from "../support/people.ts";

const timings = { ...quickTimings, rosterPatienceMs: 400 };

describe("a device of a group that asks to be added again", function () {
  this.timeout(120_000);
  let node: MaliciousNode;
  let people: People;
  let run = 0;
  before(async () => {
    node = await MaliciousNode.start();
  });
  after(() => node.close());
  beforeEach(() => {
    run += 1;
    people = new People(() => node.url);
  });
  afterEach(() => people.close());

  /** Eight in one group, of which the last has lost what it held of it; that one is not connected. */
  async function withOneLost(): Promise<{ group: Group; members: Client[]; user: string; store: ClientStore }> {
    const store = memoryStore();
    const members: Client[] = [];
    for (let index = 0; index < 7; index += 1) members.push(await people.online(`user-${run}-${index}`, { timings }));
    const lost = await people.online(`user-${run}-lost`, { timings, store });
    const group = await members[0]!.createGroup({ members: [...members.slice(1), lost].map(({ user }) => user) });
    for (const client of [...members, lost]) {
      await eventually(() => expect(client.conversation(group.id)?.isJoined).to.equal(true));
      await client.conversation(group.id)!.settled();
    }
    await lost.close();
    const opened = await store.open();
    for (const table of [tables.groupTrees, tables.groupRatchets]) {
      for (const { id } of await opened.list(table)) await opened.write([{ table, id, bytes: null }]);
    }
    await opened.close();
    return { group, members, user: lost.user, store };
  }
  const readds = () => node.exchanges.filter(({ name, request }) => name === "conversation:commit" && isReadd(request));
  const isReadd = (request: unknown) => (request as { welcome?: string; epoch: number }).welcome !== undefined;

  it("is answered by one, though all are asked: by whoever holds a role", async () => {
    const { group, members, user, store } = await withOneLost();
    const before = readds().length;
    const back = await people.online(user, { timings, store });
    const side = await eventually(() => {
      const found = back.conversation(group.id);
      expect(found?.isJoined).to.equal(true);
      return found!;
    });
    await group.send("again").reached("delivered", { timeout: 60_000 });
    expect((await side.unread()).map(({ text }) => text)).to.deep.equal(["again"]);
    const answers = readds().slice(before);
    expect(answers.map((one) => one.user)).to.deep.equal([members[0]!.user]);
  });

  it("waits for a person the second time within a week, whoever answered the first", async () => {
    const { group, members, user, store } = await withOneLost();
    const held = new Set<string>();
    for (const client of members) {
      client.on("fault", ({ code }) => void (code === "readd-held" && held.add(client.user)));
    }
    const back = await people.online(user, { timings, store });
    await eventually(() => expect(back.conversation(group.id)?.isJoined).to.equal(true));
    await group.send("again").reached("delivered", { timeout: 60_000 });
    await back.close();
    people.forget(back);
    const opened = await store.open();
    for (const table of [tables.groupTrees, tables.groupRatchets]) {
      for (const { id } of await opened.list(table)) await opened.write([{ table, id, bytes: null }]);
    }
    await opened.close();
    const before = readds().length;
    await people.online(user, { timings, store });
    await eventually(() => expect(held.size).to.equal(members.length));
    expect(readds()).to.have.length(before);
  });

  it("is answered by another where the first is away", async () => {
    const { group, members, user, store } = await withOneLost();
    await members[0]!.close();
    people.forget(members[0]!);
    const before = readds().length;
    const back = await people.online(user, { timings, store });
    await eventually(() => expect(back.conversation(group.id)?.isJoined).to.equal(true), 15_000);
    const answers = readds().slice(before);
    expect(answers.length, "who came next, and hardly anybody else").to.be.within(1, 2);
    await members[1]!
      .conversation(group.id)!
      .send("without the founder")
      .reached("delivered", { by: "any", timeout: 60_000 });
  });
});
