import { expect } from "chai";
import type { Client, Group } from "../../src/client/index.ts";
import { MemoryRateLimiter } from "../../src/cluster/memory-rate-limiter.ts";
import { eventually } from "../support/eventually.ts";
import { lowerLimits, lowerRoom } from "../support/lowered-limits.ts";
import { MaliciousNode } from "../support/malicious-node.ts";
import { People } from "../support/people.ts";
import { refusal } from "../support/refusal.ts";

const soon = { timeout: 60_000 };

describe("large groups", function () {
  this.timeout(120_000);
  let node: MaliciousNode;
  let people: People;
  let clients: Client[];
  const restore: (() => void)[] = [];
  before(async () => {
    node = await MaliciousNode.start();
    people = new People(() => node.url);
    clients = [];
    for (let index = 0; index < 13; index += 1) clients.push(await people.online(`user-${index}`));
  });
  after(async () => {
    await people.close();
    await node.close();
    expect(people.faults).to.deep.equal([]);
  });
  afterEach(() => {
    node.behave();
    for (const one of restore.splice(0)) one();
  });

  const namesOf = (some: readonly Client[]) => some.map(({ user }) => user);
  const claimed = () => node.requests("keypackages:claim").map(({ devices }) => devices.length);
  const hasJoined = (client: Client, { id }: Group) =>
    eventually(() => expect(client.conversation(id)?.isJoined, client.user).to.equal(true));

  it("are made in rounds, which go on by themselves until all are in; nobody is claimed twice", async () => {
    restore.push(lowerLimits({ addsPerCommit: 5, pushedWelcomeBytes: 1000 }));
    const [founder, ...others] = clients as [Client, ...Client[]];
    const before = { commits: node.requests("conversation:commit").length, claims: claimed().length };
    const group = await founder.createGroup({ name: "Many", members: namesOf(others) });
    expect(group.users).to.have.length(13);
    const adding = node
      .requests("conversation:commit")
      .slice(before.commits)
      .filter(({ welcome }) => welcome);
    expect(adding, "rounds").to.have.length(3);
    expect(claimed().slice(before.claims)).to.deep.equal([5, 5, 2]);
    for (const client of others) await hasJoined(client, group);
    await group.send("to all").reached("delivered", soon);
  });

  it("wait as long as the node says where it hands out no more key packages for now", async () => {
    restore.push(lowerLimits({ addsPerCommit: 5 }));
    const limiter = new MemoryRateLimiter({ claim: { amount: 5, periodMs: 300 } } as never);
    node.answer("keypackages:claim", ({ request, forward }) => {
      const retryAfterMs = limiter.take("claim", "all", request.devices.length);
      return retryAfterMs === 0 ? forward() : { ok: false, error: limited(retryAfterMs) };
    });
    const [founder, ...others] = clients as [Client, ...Client[]];
    const group = await founder.createGroup({ members: namesOf(others) });
    expect(group.users).to.have.length(13);
  });

  it("go on where they were when the connection is back", async () => {
    restore.push(lowerLimits({ addsPerCommit: 5 }));
    const [founder, ...others] = clients as [Client, ...Client[]];
    let cuts = 0;
    node.answer("keypackages:claim", ({ user, forward }) => {
      cuts += 1;
      if (cuts !== 2) return forward();
      for (const line of node.linesOf(user)) line.cut();
      return undefined;
    });
    const group = await founder.createGroup({ members: namesOf(others) });
    expect(group.users).to.have.length(13);
    expect(cuts).to.equal(4);
  });

  it("are full with the last device, and say the way out before anybody is added", async () => {
    restore.push(lowerRoom({ 84: 3, 3: 4 }));
    const [founder, bob, carol, dave, erin] = clients as [Client, Client, Client, Client, Client];
    const group = await founder.createGroup({ members: namesOf([bob]) });
    const commits = node.requests("conversation:commit").length;
    await refusal(group.addAll(namesOf([carol, dave])), "group-full").then((error) =>
      expect(error.message).to.match(/takes 3 devices; there would be 4. .* size: "large", which takes up to 4/),
    );
    expect(node.requests("conversation:commit")).to.have.length(commits);
    expect(group.invited).to.deep.equal([]);
    expect(await group.add(carol.user)).to.equal("added");
    await refusal(group.add(dave.user), "group-full");
    const large = await founder.createGroup({ members: namesOf([bob, carol, dave]), size: "large" });
    expect(large.users).to.have.length(4);
    await refusal(founder.createGroup({ members: namesOf([bob, carol, dave, erin]), size: "large" }), "group-full");
  });

  it("add whoever has a key package, though so many before them have none", async () => {
    restore.push(lowerLimits({ addsPerCommit: 2 }));
    const [founder, ...others] = clients as [Client, ...Client[]];
    const without = namesOf(others.slice(0, 3));
    node.answer("keypackages:claim", async ({ forward }) => {
      const answer = await forward();
      if (!answer.ok) return answer;
      return { ok: true, data: { packages: answer.data.packages.filter(({ user }) => !without.includes(user)) } };
    });
    const group = await founder.createGroup();
    const outcome = await group.addAll(namesOf(others.slice(0, 5)));
    expect([...outcome.values()]).to.deep.equal(["invited", "invited", "invited", "added", "added"]);
  });
});

const limited = (retryAfterMs: number) => ({ code: "rate-limited", retryable: true, retryAfterMs });
