import { expect } from "chai";
import { encodeRecord, historyKeyId, tables } from "../../src/client/records.ts";
import { eventually } from "../support/eventually.ts";
import { startGatewayNode, type GatewayNode } from "../support/gateway-node.ts";
import { groupOf, logOf } from "../support/group-sides.ts";
import { coreOf, heldRecord } from "../support/held-state.ts";
import { People } from "../support/people.ts";

const soon = { timeout: 20_000 };

describe("history shared where messages are small", function () {
  this.timeout(60_000);
  let node: GatewayNode;
  let people: People;
  afterEach(async () => {
    await people.close();
    await node.close();
  });

  /** Ann's group, with more keys than a small message holds. */
  async function annsGroup(messageBytes: number) {
    node = await startGatewayNode({ settings: { messageBytes } });
    people = new People(() => node.url);
    const ann = await people.online("ann");
    const mine = await ann.createGroup({ members: [] });
    await mine.send("before dave").reached("accepted", soon);
    for (let epoch = 1; epoch <= 60; epoch += 1) {
      const record = { generation: 9, epoch, key: new Uint8Array(32).fill(epoch), isArchived: true };
      const id = historyKeyId(mine.id, record);
      await coreOf(ann).store.write([{ table: tables.historyKeys, id, bytes: encodeRecord(record) }]);
    }
    const debts = async () => ((await heldRecord(ann, mine.id)).historyDebts ?? []).map(({ user }) => user);
    return { ann, mine, debts };
  }

  it("goes into as many messages as it takes", async () => {
    const { mine, debts } = await annsGroup(4_096);
    const dave = await people.online("dave");
    await mine.add("dave", { shareHistory: true });
    const daves = await groupOf(dave);
    await eventually(async () => {
      expect((await logOf(daves)).map(({ text }) => text)).to.include("before dave");
    }, soon.timeout);
    expect(await debts()).to.deep.equal([]);
    expect(people.faults).to.deep.equal([]);
  });

  it("is owed on, and told, where not one key fits", async () => {
    const { mine, debts } = await annsGroup(2_048);
    await people.online("dave");
    // It is tried by itself, too, as soon as dave is in the group: who comes first hears of it.
    await mine.add("dave", { shareHistory: true }).catch(({ code }) => expect(code).to.equal("too-large"));
    await eventually(() => expect(people.faults).to.deep.equal(["ann: too-large"]), soon.timeout);
    expect(await debts()).to.deep.equal(["dave"]);
  });

  it("is owed on, and told, where the node takes less than it said", async () => {
    const { ann, mine, debts } = await annsGroup(262_144);
    await people.online("dave");
    const core = coreOf(ann);
    const most = core.maxMessageBytes;
    let isShared = false;
    core.maxMessageBytes = () => {
      const bytes = isShared ? 2_048 : most();
      isShared = true;
      return bytes;
    };
    // The name is not said here: the first to ask how much a message may hold is who shares.
    await mine.add("dave", { shareHistory: true });
    await eventually(() => expect(people.faults).to.deep.equal(["ann: too-large"]), soon.timeout);
    await eventually(async () => expect(await debts()).to.deep.equal(["dave"]));
  });
});
