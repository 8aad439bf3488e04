import { expect } from "chai";
import { isSelfUpdateDue } from "../../src/client/conversation/self-update.ts";
import type { ConversationState } from "../../src/client/conversation/conversation-state.ts";
import type { Client, Group } from "../../src/client/index.ts";
import { eventually } from "../support/eventually.ts";
import { MaliciousNode } from "../support/malicious-node.ts";
import { People, quickTimings } from "../support/people.ts";

const stateOf = (group: Group): ConversationState =>
  (Reflect.get(group, "actor") as { state: ConversationState }).state;

const hour = 3600_000;
const day = 24 * hour;
const timings = { selfUpdateAfterMs: day };
const now = 1_800_000_000_000;

describe("when a device renews its keys", () => {
  const due = (ages: { own: number; last: number }, members = 2, jitter = 1, must = false) =>
    isSelfUpdateDue(
      {
        record: { mustSelfUpdate: must, selfUpdatedAt: now - ages.own, committedAt: now - ages.last },
        members,
        jitter,
      },
      timings,
      now,
    );

  it("is after a day, or at once where it has to", () => {
    expect(due({ own: day, last: day })).to.equal(false);
    expect(due({ own: day + 1, last: day })).to.equal(true);
    expect(due({ own: 0, last: 0 }, 2, 1, true)).to.equal(true);
  });

  it("is not within an hour of the last change; in a large group sooner, so that all get their turn in a day", () => {
    expect(due({ own: 3 * day, last: hour - 1 })).to.equal(false);
    expect(due({ own: 3 * day, last: hour })).to.equal(true);
    const turn = day / 300;
    expect(due({ own: 3 * day, last: turn - 1 }, 300)).to.equal(false);
    expect(due({ own: 3 * day, last: turn }, 300)).to.equal(true);
    expect(due({ own: 3 * day, last: turn / 2 }, 300, 0), "the luckiest").to.equal(true);
  });

  it("is not put off for more than a week, whatever time the node says it is", () => {
    expect(due({ own: 6 * day, last: -100 * day })).to.equal(false);
    expect(due({ own: 7 * day + 1, last: -100 * day })).to.equal(true);
  });
});

describe("a group whose members all write after a weekend", function () {
  this.timeout(120_000);

  it("is renewed by one of them, and its messages arrive", async () => {
    const node = await MaliciousNode.start();
    const people = new People(() => node.url);
    try {
      const clients: Client[] = [];
      for (let index = 0; index < 8; index += 1)
        clients.push(await people.online(`monday-${index}`, { timings: quickTimings }));
      const group = await clients[0]!.createGroup({ members: clients.slice(1).map(({ user }) => user) });
      const sides: Group[] = [];
      for (const client of clients) {
        await eventually(() => expect(client.conversation(group.id)?.isJoined).to.equal(true));
        const side = client.conversation(group.id) as Group;
        await side.settled();
        sides.push(side);
      }
      const longAgo = Date.now() - 3 * day;
      const weekend = { record: { selfUpdatedAt: longAgo, committedAt: longAgo } };
      for (const side of sides) await stateOf(side).commit(weekend);
      const before = node.requests("conversation:commit").length;
      // Who loses at first tries again with the next message.
      for (const text of ["good morning", "how was it?", "fine"]) {
        const written = sides.map((side) => side.send(text));
        await Promise.all(written.map((message) => message.reached("delivered", { timeout: 60_000 })));
      }
      const commits = node.requests("conversation:commit").slice(before);
      expect(new Set(commits.map(({ epoch }) => epoch)), "one epoch ended").to.have.length(1);
      for (const side of sides) expect(await side.unread()).to.have.length(21);
    } finally {
      await people.close();
      await node.close();
    }
  });
});
