import { expect } from "chai";
import { Cluster } from "../support/cluster.ts";
import { Traffic } from "../support/traffic.ts";

describe("promises 1, 2 and 3 on three nodes, whose database is put back to a copy while they run", function () {
  this.timeout(120_000);
  let cluster: Cluster;
  before(async () => {
    cluster = await Cluster.start();
  });
  after(() => cluster.close());

  const delivered = (messages: ReturnType<Traffic["send"]>) =>
    Promise.all(messages.map((message) => message.reached("delivered", { timeout: 60_000 })));

  it("the last 100 messages come back from those who hold them, at their places, and everybody goes on", async () => {
    const traffic = new Traffic(cluster);
    await traffic.pair("x", [0, 1]);
    await traffic.pair("y", [1, 2]);
    await delivered(traffic.send(10));
    const backup = await cluster.database.snapshot();
    await delivered(traffic.send(25));
    const before = await cluster.log();
    await backup.restore();
    expect((await cluster.log()).length).to.equal(before.length - 100);
    // Nobody has noticed yet, and nothing that is said now takes a place that was taken.
    await delivered(traffic.send(1));
    const { faults } = traffic.people;
    expect(faults.length).to.be.at.least(2);
    expect(new Set(faults.map((fault) => fault.split(": ")[1]))).to.deep.equal(new Set(["diverged"]));
    faults.length = 0;
    await traffic.holds();
    const after = await cluster.log();
    const places = new Map(after.map(({ conversation, sequence, id }) => [`${conversation} ${sequence}`, id]));
    for (const { conversation, sequence, id } of before) {
      expect(places.get(`${conversation} ${sequence}`)).to.equal(id);
    }
    await traffic.close();
  });
});
