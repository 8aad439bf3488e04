import { expect } from "chai";
import type { UserId } from "../../src/protocol/ids.ts";
import { eventually } from "../support/eventually.ts";
import { enterGroup, groupTalking, standOf, type GroupSide } from "../support/group-sides.ts";
import { MaliciousNode } from "../support/malicious-node.ts";
import { People } from "../support/people.ts";
import { newSide } from "../support/two-talking.ts";

/** More by the environment. */
const rounds = Number(process.env["SOTTO_COMMIT_RACES"] ?? 200);
const patience = { timeout: 60_000 };

/** Holds commits of these users until one of each is there; then both go on. Counts how often they were for one epoch. */
class StartingLine {
  ties = 0;
  private readonly users: readonly string[];
  private arrived = new Map<string, { epoch: number; go: () => void }>();
  private isOpen = true;

  constructor(node: MaliciousNode, users: readonly string[]) {
    this.users = users;
    node.answer("conversation:commit", async ({ user, request, forward }) => {
      if (!this.isOpen && users.includes(user)) await this.arrive(user, request.epoch);
      return forward();
    });
  }

  close(): void {
    this.isOpen = false;
    this.arrived = new Map();
  }

  private arrive(user: string, epoch: number): Promise<void> {
    return new Promise((go) => {
      this.arrived.set(user, { epoch, go });
      if (this.arrived.size < this.users.length) return;
      this.isOpen = true;
      const both = [...this.arrived.values()];
      if (new Set(both.map((one) => one.epoch)).size === 1) this.ties += 1;
      for (const one of both) one.go();
    });
  }
}

describe(`two admins who commit at once, ${rounds} times`, function () {
  this.timeout(60_000 + rounds * 1_500);
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

  it("get their way both each time: no fork, and nobody is locked out", async () => {
    const sides = await groupTalking(people, ["alice", "bob", "carol"]);
    const [alice, bob, carol] = sides as [GroupSide, GroupSide, GroupSide];
    const carolsName = carol.client.user;
    const guests = [await newSide(people, "x"), await newSide(people, "y")];
    const [x, y] = guests.map(({ client }) => client.user) as [UserId, UserId];
    await alice.chat.setRole(bob.client.user, "owner");
    await eventually(() => expect(bob.chat.role).to.equal("owner"), patience.timeout);

    /** What each of them wants, and who is in the group then beside the three, and as what carol. */
    const wishes: { alice: () => Promise<unknown>; bob: () => Promise<unknown>; in: UserId[]; carol: string }[] = [
      { alice: () => alice.chat.add(x), bob: () => bob.chat.add(y), in: [x, y], carol: "member" },
      { alice: () => alice.chat.remove(y), bob: () => bob.chat.remove(x), in: [], carol: "member" },
      {
        alice: () => alice.chat.add(x),
        bob: () => bob.chat.setRole(carolsName, "admin"),
        in: [x],
        carol: "admin",
      },
      {
        alice: () => alice.chat.setRole(carolsName, "member"),
        bob: () => bob.chat.remove(x),
        in: [],
        carol: "member",
      },
    ];

    const line = new StartingLine(node, [alice.client.user, bob.client.user]);
    const isAgreed = (wish: (typeof wishes)[number]) => {
      for (const { chat } of sides) {
        expect(chat.users.map(({ user }) => user)).to.have.members([
          ...sides.map(({ client }) => client.user),
          ...wish.in,
        ]);
        expect(chat.users.find(({ user }) => user === carolsName)?.role).to.equal(wish.carol);
      }
      const stands = new Set(sides.map(({ chat }) => standOf(chat)));
      expect([...stands])
        .to.have.length(1)
        .and.not.include("under way");
    };
    for (let round = 0; round < rounds; round += 1) {
      const wish = wishes[round % wishes.length]!;
      line.close();
      await Promise.all([wish.alice(), wish.bob()]);
      await eventually(() => isAgreed(wish), patience.timeout, 5);
      if (round % 10 === 9) await everybodyIsHeard(sides, `round ${round}`);
    }
    expect(line.ties).to.equal(rounds);

    await alice.chat.addAll([x, y]);
    const entered = await Promise.all(guests.map(enterGroup));
    await eventually(() => expect(entered.map(({ chat }) => chat.left)).to.deep.equal([null, null]), patience.timeout);
    const everybody = [...sides, ...entered];
    await everybodyIsHeard(everybody, "the end");
    expect(people.faults).to.deep.equal([]);
    expect(everybody.flatMap(({ unopened }) => unopened)).to.deep.equal([]);
  });

  /** Whatever each of them writes is delivered to all others, which only happens on one and the same log. */
  async function everybodyIsHeard(those: readonly GroupSide[], when: string): Promise<void> {
    const sent = those.map(({ chat, client }) => chat.send(`${client.user} after ${when}`));
    await Promise.all(sent.map((message) => message.reached("delivered", patience)));
  }
});
