import { expect } from "chai";
import { decodeRecord, tables, type KeyPackageRecord } from "../../src/client/records.ts";
import { coreOf } from "../support/held-state.ts";
import { MaliciousNode } from "../support/malicious-node.ts";
import { People } from "../support/people.ts";

describe("the supply of key packages", () => {
  let node: MaliciousNode;
  let people: People;
  before(async () => {
    node = await MaliciousNode.start();
  });
  after(() => node.close());
  beforeEach(() => {
    people = new People(() => node.url);
  });
  afterEach(() => people.close());

  it("is published once, however often a session compares", async () => {
    const ada = await people.online("ada");
    const published = node.requests("keypackages:publish", "ada").length;
    expect(published).to.equal(2);
    for (let round = 0; round < 60; round++) await ada.sync();
    expect(node.requests("keypackages:publish", "ada")).to.have.length(published);
  });

  it("is filled up in a session that lasts, when others have taken from it", async () => {
    const levels = { full: 2, low: 2, checkEveryMs: 0 };
    const [gil, hal] = [await people.online("gil"), await people.online("hal", { keyPackages: levels })];
    await (await gil.direct("hal")).send("hello").reached("delivered", { timeout: 60_000 });
    const published = (): number =>
      node.requests("keypackages:publish", "hal").reduce((sum, { oneTime }) => sum + oneTime.length, 0);
    expect(published()).to.equal(4);
    await hal.sync();
    expect(published()).to.equal(5);
  });

  it("forgets the private part of a one-time package once it is in a group by it", async () => {
    const [eve, finn] = [await people.online("eve"), await people.online("finn")];
    const held = async (): Promise<string[]> => {
      const rows = await coreOf(finn).store.list(tables.keyPackages);
      return rows.filter(({ bytes }) => !decodeRecord<KeyPackageRecord>(bytes).lastResort).map(({ id }) => id);
    };
    const before = await held();
    const chat = await eve.direct("finn");
    await chat.send("hello").reached("delivered", { timeout: 60_000 });
    const after = await held();
    expect(after).to.have.length(before.length - 1);
    expect(before).to.include.members(after);
  });
});
