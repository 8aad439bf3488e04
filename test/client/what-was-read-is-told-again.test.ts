import { expect } from "chai";
import { eventually } from "../support/eventually.ts";
import { actorOf } from "../support/group-sides.ts";
import { dataOf, MaliciousNode, ok, refused } from "../support/malicious-node.ts";
import { People } from "../support/people.ts";
import { messageOf } from "../support/shown.ts";
import { twoTalking, type Side } from "../support/two-talking.ts";

describe("what was read, where the node has lost it while the client stays connected", function () {
  this.timeout(120_000);
  let node: MaliciousNode;
  let people: People;
  let bob: Side;
  beforeEach(async () => {
    node = await MaliciousNode.start();
    people = new People(() => node.url);
    ({ bob } = await twoTalking(people));
  });
  afterEach(async () => {
    node.behave();
    await people.close();
    await node.close();
  });

  it("is told again when the log has been mended", async () => {
    const { user } = bob.client;
    const marks = () => node.requests("marks:put", user).map(({ sequence }) => sequence);
    const first = await messageOf(bob.chat, "first");
    await bob.chat.markRead(first);
    await eventually(() => expect(marks()).to.deep.equal([first.sequence]));
    await bob.chat.settled();
    // Its database is an older one: it takes back what it had, and knows of no mark.
    let isLost = true;
    node.answer("log:read", ({ user: asker, forward }) => {
      if (asker !== user || !isLost) return forward();
      isLost = false;
      return refused("diverged");
    });
    node.answer("conversation:open", async ({ forward }) => {
      const summary = dataOf(await forward());
      return ok<"conversation:open">({ ...summary, readSequence: 0 });
    });
    const head = actorOf(bob.chat).state.record.position;
    node.push(user, "conversation:behind", { conversation: actorOf(bob.chat).state.id, head });
    await eventually(() => expect(bob.codes()).to.include("diverged"));
    await eventually(() => expect(marks()).to.deep.equal([first.sequence, first.sequence]));
  });
});
