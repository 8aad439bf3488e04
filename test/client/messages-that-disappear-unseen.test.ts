import { expect } from "chai";
import { memoryStore, type Client, type Group } from "../../src/client/index.ts";
import { decodeRecord, tables, type DisappearingRecord } from "../../src/client/records.ts";
import { eventually } from "../support/eventually.ts";
import { startGatewayNode, type GatewayNode } from "../support/gateway-node.ts";
import { actorOf, groupOf } from "../support/group-sides.ts";
import { coreOf } from "../support/held-state.ts";
import { People } from "../support/people.ts";
import { messageOf } from "../support/shown.ts";

const soon = { timeout: 60_000 };

describe("messages that disappear, and that nobody has seen", function () {
  this.timeout(120_000);
  let node: GatewayNode;
  let people: People;
  let alice: Client;
  let tablet: Client;
  let carols: Group;
  let mine: Group;
  let onTablet: Group;
  let mallorys: Group;

  /** Mallory has started over; on one of her devices alice had compared the key of before, on the other she had not. */
  beforeEach(async () => {
    node = await startGatewayNode();
    people = new People(() => node.url);
    alice = await people.online("alice");
    tablet = await people.linked(alice);
    const mallory = await people.online("mallory");
    const carol = await people.online("carol", { store: memoryStore() });
    carols = await carol.createGroup({ members: ["alice", "mallory"] });
    [mine, onTablet] = [await groupOf(alice), await groupOf(tablet)];
    await groupOf(mallory);
    await carols.send("begin").reached("delivered", soon);
    await (await alice.verification("mallory")).confirm();
    people.forget(mallory);
    await mallory.close();
    const again = await people.open("mallory");
    await again.startOver();
    await again.sync();
    mallorys = await groupOf(again);
    await eventually(() => expect(people.faults).to.include("alice: identity-changed"));
  });
  afterEach(async () => {
    await people.close();
    await node.close();
  });

  const recordsOf = async (client: Client): Promise<DisappearingRecord[]> =>
    (await coreOf(client).store.list(tables.disappearing)).map(({ bytes }) => decodeRecord<DisappearingRecord>(bytes));
  const hasBegun = async (client: Client): Promise<boolean[]> =>
    (await recordsOf(client)).map(({ goesAt }) => goesAt !== null);

  it("stay, where their sender is in doubt, until they are shown and read: on this device, and on others that show them", async () => {
    await mallorys.send({ text: "withheld", expiresIn: 1 }).reached("delivered", soon);
    await carols.send("seen").reached("delivered", soon);
    for (const side of [mine, onTablet]) await eventually(() => messageOf(side, "seen"));
    await messageOf(onTablet, "withheld");
    const seen = await messageOf(mine, "seen");
    await mine.markRead(seen);
    await eventually(() => expect(actorOf(onTablet).state.record.readSequence).to.equal(seen.sequence));
    expect([await hasBegun(alice), await hasBegun(tablet)]).to.deep.equal([[false], [false]]);
    // Another epoch, of which the marks say nothing about what was before.
    await carols.add((await people.online("dave")).user);
    await carols.send("later").reached("delivered", soon);
    const later = await eventually(() => messageOf(mine, "later"));
    await eventually(() => messageOf(onTablet, "later"));
    await mine.markRead(later);
    await eventually(() => expect(actorOf(onTablet).state.record.readSequence).to.equal(later.sequence));
    expect([await hasBegun(alice), await hasBegun(tablet)]).to.deep.equal([[false], [false]]);
    const gone: string[] = [];
    for (const side of [mine, onTablet]) side.on("disappeared", ({ sender }) => gone.push(sender.user));
    await (await alice.verification("mallory")).accept();
    await mine.markRead(await messageOf(mine, "withheld"));
    await onTablet.markRead(await messageOf(onTablet, "withheld"));
    await eventually(() => expect(gone).to.deep.equal(["mallory", "mallory"]));
  });
});
