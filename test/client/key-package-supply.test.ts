import { expect } from "chai";
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
});
