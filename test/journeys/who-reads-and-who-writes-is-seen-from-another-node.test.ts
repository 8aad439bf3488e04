import { expect } from "chai";
import type { TypingEvent } from "../../src/client/index.ts";
import { Cluster } from "../support/cluster.ts";
import { eventually } from "../support/eventually.ts";
import { People, quickTimings } from "../support/people.ts";

const soon = { timeout: 60_000 };

describe("signals between two nodes", function () {
  this.timeout(120_000);
  let cluster: Cluster;
  let people: People;
  before(async () => {
    cluster = await Cluster.start({ nodes: 2, workers: 0 });
    people = new People(() => cluster.nodes[0]!.url);
  });
  after(async () => {
    await people.close();
    await cluster.close();
  });

  it("bob sees from his node that alice writes, and alice from hers that bob has read it; nothing is left in Redis", async () => {
    const alice = await people.online("alice");
    const bob = await people.online("bob", {
      url: cluster.nodes[1]!.url,
      timings: { ...quickTimings, typingShownMs: 60_000 },
    });
    const chat = await alice.direct("bob");
    await chat.send("hello").reached("delivered", soon);
    const theirs = await bob.direct("alice");
    const seen: TypingEvent[] = [];
    theirs.on("typing", (event) => seen.push(event));
    const before = await keysIn(cluster);
    // A node under load lets signals go: a person who writes on is seen in the end.
    await eventually(() => {
      chat.typing();
      expect(seen).to.deep.equal([{ user: "alice", isTyping: true }]);
    }, 30_000);
    expect(await keysIn(cluster)).to.deep.equal(before);
    const message = chat.send("there it is");
    await message.reached("delivered", soon);
    expect(seen.at(-1)).to.deep.equal({ user: "alice", isTyping: false });
    const [last] = (await theirs.unread()).slice(-1);
    await theirs.markRead(last!);
    await message.reached("read", soon);
    expect(people.faults).to.deep.equal([]);
  });

  it("and whoever is away from Redis hears that it was read all the same, a little later", async () => {
    const [alice, bob] = people.all();
    const chat = await alice!.direct("bob");
    const theirs = await bob!.direct("alice");
    await cluster.redis.kill();
    const message = chat.send("without Redis");
    await message.reached("delivered", soon);
    await eventually(async () => expect((await theirs.unread()).at(-1)?.text).to.equal("without Redis"), 30_000);
    await theirs.markRead((await theirs.unread()).at(-1)!);
    await message.reached("read", soon);
  });
});

async function keysIn(cluster: Cluster): Promise<string[]> {
  const keys = await cluster.redis.keys();
  return keys.filter((key) => !key.includes("presence")).sort();
}
