import { expect } from "chai";
import { memoryStore, type Client, type Group } from "../../src/client/index.ts";
import { eventually } from "../support/eventually.ts";
import { joined } from "../support/joined.ts";
import { dataOf, MaliciousNode, ok } from "../support/malicious-node.ts";
import { People } from "../support/people.ts";
import { shownBy } from "../support/shown.ts";

const soon = { timeout: 60_000 };

describe("groups whose user was out of them before a device came", () => {
  let node: MaliciousNode;
  let people: People;
  before(async () => {
    node = await MaliciousNode.start();
  });
  after(() => node.close());
  beforeEach(() => {
    people = new People(() => node.url);
  });
  afterEach(async () => {
    await people.close();
    expect(people.faults).to.deep.equal([]);
  });

  /** Ann founds a group with ben, both say something, and ben is out of it by `leave`. */
  async function talkUntil(
    names: [string, string],
    leave: (ann: Group, ben: Group) => Promise<void>,
  ): Promise<{ ann: Group; ben: Group; bens: Client }> {
    const [founder, bens] = [await people.online(names[0]), await people.online(names[1])];
    const ann = await founder.createGroup({ name: "Team", members: [names[1]] });
    const first = ann.send("the first");
    await first.reached("delivered", soon);
    const ben = await joined<Group>(bens, ann.id);
    await ben.send("the second").reached("delivered", soon);
    await ben.react(first.id, "👍");
    await ben.send("the last").reached("delivered", soon);
    await leave(ann, ben);
    await eventually(() => expect(ben.left).to.not.equal(null));
    ann.send("not for ben");
    await ben.settled();
    return { ann, ben, bens };
  }

  it("are there with what was said, how they are called, and how the user got out", async () => {
    const left = await talkUntil(["ann", "ben"], (_ann, ben) => ben.leave());
    const removed = await talkUntil(["cat", "dan"], (cat) => cat.remove("dan"));
    for (const [{ ben, bens }, how] of [
      [left, "left"],
      [removed, "removed"],
    ] as const) {
      const later = await people.linked(bens);
      const there = later.conversation(ben.id) as Group;
      expect(await shownBy(there, 2)).to.equal(await shownBy(ben));
      expect(there).to.include({ left: how, name: "Team", isJoined: false });
      expect((await there.history()).earlier).to.equal((await ben.history()).earlier);
      expect(() => there.send("hello"))
        .to.throw()
        .with.property("code", "not-a-member");
    }
  });

  it("stay so without a connection, and are groups like others when the user is added again", async () => {
    const { ann, ben, bens } = await talkUntil(["eve", "fay"], (eve) => eve.remove("fay"));
    const store = memoryStore();
    const later = await people.linked(bens, { store });
    const shown = await shownBy(later.conversation(ben.id)!);
    await later.close();
    people.forget(later);
    const offline = await people.open("fay", { store });
    const there = offline.conversation(ben.id) as Group;
    expect(there.left).to.equal("removed");
    expect(await shownBy(there)).to.equal(shown);
    await offline.connect();
    await ann.add("fay");
    await ann.send("welcome back").reached("delivered", soon);
    await joined(offline, ann.id);
    expect(there.left).to.equal(null);
    await eventually(async () => expect((await there.unread()).at(-1)?.text).to.equal("welcome back"));
    await there.send("thank you").reached("delivered", soon);
  });

  it("are not lost by a node that has said of them what is not so", async () => {
    const { ann, ben, bens } = await talkUntil(["gus", "hal"], (gus) => gus.remove("hal"));
    node.answer("history:read", async ({ request, forward }) => {
      const page = dataOf(await forward());
      const far = page.entries.map((entry) => ({ ...entry, sequence: entry.sequence + 1_000_000 }));
      return ok<"history:read">(request.before === undefined ? { ...page, entries: far } : page);
    });
    const later = await people.linked(bens);
    const there = later.conversation(ben.id) as Group;
    expect(there.left).to.equal("removed");
    node.behave();
    await ann.add("hal");
    await ann.send("welcome back").reached("delivered", soon);
    await joined(later, ann.id);
    expect(there.left).to.equal(null);
    await eventually(async () => expect((await there.unread()).at(-1)?.text).to.equal("welcome back"));
  });
});
