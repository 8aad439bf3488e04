import { expect } from "chai";
import { MaliciousNode, refused } from "../support/malicious-node.ts";
import { People } from "../support/people.ts";

describe("client.sync()", () => {
  let node: MaliciousNode;
  let people: People;
  before(async () => {
    node = await MaliciousNode.start();
    people = new People(() => node.url);
  });
  after(async () => {
    await people.close();
    await node.close();
  });

  it("compares anew where a comparison began before the call, once for all who wait", async () => {
    const alice = await people.online("alice");
    const comparisons = () => node.requests("inbox:read", "alice").length;
    const before = comparisons();
    let letGo = (): void => undefined;
    const held = new Promise<void>((resolve) => (letGo = resolve));
    const reached = new Promise<void>((resolve) =>
      node.answer("inbox:read", async ({ forward }) => {
        const answer = await forward();
        resolve();
        await held;
        return answer;
      }),
    );
    const first = alice.sync();
    await reached;
    // What comes to be from here on, the first comparison has passed by.
    const ended: string[] = [];
    const later = [alice.sync(), alice.sync(), alice.sync()].map((one) => one.then(() => ended.push("later")));
    letGo();
    await Promise.all([first.then(() => ended.push("first")), ...later]);
    expect(ended).to.deep.equal(["first", "later", "later", "later"]);
    expect(comparisons() - before).to.equal(2);
    node.behave();
  });

  it("goes on after a comparison that failed", async () => {
    const bob = await people.online("bob");
    node.answer("inbox:read", () => refused("unavailable"));
    const code = await bob.sync().catch((error: { code?: string }) => error.code);
    expect(code).to.equal("unavailable");
    node.behave();
    await bob.sync();
  });
});
