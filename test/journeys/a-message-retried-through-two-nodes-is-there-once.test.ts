import { expect } from "chai";
import { createConnection } from "mysql2/promise";
import type { Message } from "../../src/client/index.ts";
import { Cluster } from "../support/cluster.ts";
import { eventually } from "../support/eventually.ts";
import { FlakyLink } from "../support/flaky-link.ts";
import { plainId } from "../support/kept-entries.ts";
import type { NodeProcess } from "../support/node-process.ts";
import { People } from "../support/people.ts";

describe("promises 1 and 2 for messages that two nodes accept at once", function () {
  this.timeout(120_000);
  let cluster: Cluster;
  let link: FlakyLink;
  let people: People;
  before(async () => {
    cluster = await Cluster.start();
    link = await FlakyLink.to(cluster.nodes[0]!);
    people = new People(() => link.url);
  });
  after(async () => {
    await people.close();
    await link.close();
    await cluster.close();
  });

  it("hold: each is in the log once, one node accepts it, the other knows it, and it is shown once", async () => {
    const bob = await people.online("bob", { url: cluster.nodes[2]!.url });
    const shown: string[] = [];
    bob.on("message", ({ message }) => shown.push(message.text));
    const alice = await people.online("alice");
    const chat = await alice.direct("bob");
    const sent: Message[] = [chat.send("the first")];
    await sent[0]!.reached("delivered", { timeout: 60_000 });
    for (let round = 0; round < 6; round += 1) {
      // Whose line breaks: each of the two in turn.
      const [here, there] = [round % 2, (round + 1) % 2];
      const before = await countsOf(cluster.nodes);
      const held = await LockedLog.of(cluster);
      const burst = Array.from({ length: 3 }, (_, index) => chat.send(`round ${round}, ${index}`));
      sent.push(...burst);
      await isWaiting(cluster, here);
      link.leadTo(cluster.nodes[there]!);
      link.abandonNode();
      await isWaiting(cluster, there);
      await isWaiting(cluster, here);
      expect(burst.map(({ state }) => state)).to.deep.equal(["sending", "sending", "sending"]);
      await held.release();
      await Promise.all(burst.map((message) => message.reached("delivered", { timeout: 60_000 })));
      await eventually(async () => {
        const after = await countsOf(cluster.nodes);
        const answered = after.map((each, index) => each.answered - before[index]!.answered);
        expect(answered, "sent to both, and answered by both").to.deep.equal([3, 3, 0]);
        const accepted = after.map((each, index) => each.accepted - before[index]!.accepted);
        expect(
          accepted.toSorted((a, b) => a - b),
          "one accepted them, the other said that it knows them",
        ).to.deep.equal([0, 0, 3]);
      });
    }
    const own = new Set(sent.map(({ id }) => plainId(id).toUpperCase()));
    const logged = (await cluster.log()).filter(({ id }) => own.has(id));
    expect(logged.map(({ id }) => id)).to.deep.equal([...own]);
    expect(shown).to.deep.equal(sent.map(({ text }) => text));
    expect(people.faults).to.deep.equal([]);
    expect(cluster.unhandled).to.deep.equal([]);
  });
});

/** How many messages each has answered without a refusal, and how many of those it accepted itself. */
const countsOf = (nodes: readonly NodeProcess[]) =>
  Promise.all(
    nodes.map(async (node) => ({
      answered: await node.metric('sotto_requests_total{request="message:send",code="ok"}'),
      accepted: await node.metric("sotto_messages_accepted_total"),
    })),
  );

/** Resolves when a node's transaction waits for a row that another holds. */
const isWaiting = (cluster: Cluster, node: number) =>
  eventually(async () => {
    expect((await cluster.transactionsOf(`node_${node}`)).map(({ state }) => state)).to.deep.equal(["waiting"]);
  }, 10_000);

/** Somebody else's transaction that holds the rows of all conversations: whoever accepts a message waits for its end. */
class LockedLog {
  private readonly connection: Awaited<ReturnType<typeof createConnection>>;

  private constructor(connection: LockedLog["connection"]) {
    this.connection = connection;
  }

  static async of(cluster: Cluster): Promise<LockedLog> {
    const connection = await createConnection({ uri: cluster.databaseUrl });
    await connection.query("START TRANSACTION");
    await connection.query("SELECT head FROM conversations FOR UPDATE");
    return new LockedLog(connection);
  }

  async release(): Promise<void> {
    await this.connection.query("ROLLBACK");
    this.connection.destroy();
  }
}
