import { expect } from "chai";
import { memoryStore, type Client, type Conversation, type Group } from "../../src/client/index.ts";
import { erasedFrom } from "../support/erased-by-node.ts";
import { eventually } from "../support/eventually.ts";
import { startGatewayNode, type GatewayNode } from "../support/gateway-node.ts";
import { People } from "../support/people.ts";
import { refusal } from "../support/refusal.ts";

const textsOf = async (chat: Conversation): Promise<string[]> => {
  const page = await chat.history({ limit: 100 });
  return page.messages.map((message) => ("reason" in message ? `(${message.reason})` : message.text));
};
const delivered = { timeout: 60_000 };
/** Before its first message after so long a device commits new keys of its own. */
const updatesAlways = { selfUpdateAfterMs: 1 };

describe("somebody who was erased", function () {
  this.timeout(120_000);
  let node: GatewayNode;
  let people: People;
  beforeEach(async () => {
    node = await startGatewayNode();
    people = new People(() => node.url);
  });
  afterEach(async () => {
    await people.close();
    await node.close();
  });

  const quick = { reconnectBaseMs: 20, reconnectMaxMs: 200, rosterPatienceMs: 30, gapMs: 20 };
  const leaves = async (client: Client): Promise<void> => {
    people.forget(client);
    await client.close();
  };

  it("is read on in a direct: live, by who was away, and on a device that comes later", async () => {
    const alice = await people.online("alice", { timings: { ...quick, ...updatesAlways } });
    const live = await people.online("bob");
    const store = memoryStore();
    const away = await people.open("bob", { store });
    const link = await away.devices.link();
    await live.devices.approve(link.code);
    await link.completed;
    await away.connect();
    await away.sync();
    const chat = await alice.direct("bob");
    await chat.send("one").reached("delivered", delivered);
    const back = await live.direct("alice");
    await back.send("two").reached("delivered", delivered);
    await eventually(async () => {
      await away.sync();
      expect(await textsOf(away.conversation(chat.id)!)).to.deep.equal(["one", "two"]);
    });
    await leaves(away);
    for (const text of ["three", "four"]) await chat.send(text).reached("delivered", delivered);
    const all = ["one", "two", "three", "four"];
    await eventually(async () => expect(await textsOf(back)).to.deep.equal(all));
    await leaves(alice);

    const pseudonym = await erasedFrom(node.store, "alice");
    await live.sync();
    expect(back).to.include({ peer: pseudonym, isErased: true });
    expect(await textsOf(back)).to.deep.equal(all);
    const again = await people.online("bob", { store });
    await eventually(async () => {
      await again.sync();
      expect(await textsOf(again.conversation(chat.id)!)).to.deep.equal(all);
    });
    const later = await people.linked(live);
    await eventually(async () => {
      await later.sync();
      expect(await textsOf(later.conversation(chat.id)!)).to.deep.equal(all);
    });
    const senders = (await later.conversation(chat.id)!.history({ limit: 100 })).messages.map(
      ({ sender }) => sender.user,
    );
    expect(new Set(senders)).to.satisfy((users: Set<string>) => users.has("bob") && users.size === 2);
    expect(people.faults).to.deep.equal([]);
  });

  it("takes no more messages, and whoever comes under the name is somebody new", async () => {
    const store = memoryStore();
    const alice = await people.online("alice", { store });
    const bob = await people.online("bob");
    const chat = await bob.direct("alice");
    await chat.send("to the first").reached("delivered", delivered);
    await people.online("carol");
    const team = await bob.createGroup({ name: "Team", members: ["alice", "carol"] });
    await eventually(() => expect(team.users).to.have.length(3));
    await leaves(alice);
    await erasedFrom(node.store, "alice");

    const unsent = chat.send("into nothing");
    await refusal(unsent.reached("delivered", delivered), "user-erased");
    await eventually(() => Promise.resolve(expect(chat.isErased).to.equal(true)));
    const fresh = await bob.direct("alice");
    expect(fresh.id).to.not.equal(chat.id);
    const waiting = fresh.send("to whom it may concern");
    await eventually(() => Promise.resolve(expect(fresh.waitingFor).to.equal("recipient-device")));

    const old = await people.open("alice", { store });
    await refusal(old.connect(), "user-erased");
    const anew = await people.online("alice");
    await eventually(async () => {
      await bob.sync();
      expect(fresh.isJoined).to.equal(true);
    });
    await waiting.reached("delivered", delivered);
    await (await anew.direct("bob")).send("I am new").reached("delivered", delivered);
    expect(anew.conversations()).to.have.length(1);
    await bob.sync();
    await team.send("without anybody new").reached("delivered", delivered);
    expect(team.members.map(({ device }) => device)).to.not.include(anew.device);
    expect(await textsOf(fresh)).to.deep.equal(["to whom it may concern", "I am new"]);
    // The key under the name is another one, of which people are told.
    expect([...new Set(people.faults)]).to.deep.equal(["bob: identity-changed"]);
  });

  it("holds up nothing in a group, which reads on, goes on, and removes them when it likes", async () => {
    const alice = await people.online("alice", { timings: { ...quick, ...updatesAlways } });
    const bob = await people.online("bob");
    const store = memoryStore();
    const carol = await people.online("carol", { store });
    const team: Group = await bob.createGroup({ name: "Team", members: ["alice", "carol"] });
    await eventually(() => Promise.resolve(expect(team.users).to.have.length(3)));
    await team.setRole("alice", "admin");
    const ofAlice = await eventually(async () => {
      await alice.sync();
      const found = alice.conversation(team.id) as Group;
      expect(found.role).to.equal("admin");
      return found;
    });
    await ofAlice.send("from alice").reached("delivered", delivered);
    await leaves(carol);
    await ofAlice.send("while carol is away").reached("delivered", { ...delivered, by: "any" });
    await eventually(async () => expect(await textsOf(team)).to.include("while carol is away"));
    await leaves(alice);

    const pseudonym = await erasedFrom(node.store, "alice");
    await bob.sync();
    expect(team.users.filter(({ erased }) => erased)).to.deep.equal([{ user: "alice", role: "admin", erased: true }]);
    const again = await people.online("carol", { store });
    const ofCarol = again.conversation(team.id) as Group;
    const sent = team.send("the group goes on");
    await eventually(async () => {
      await Promise.all([again.sync(), bob.sync()]);
      expect(await textsOf(ofCarol)).to.deep.equal(["from alice", "while carol is away", "the group goes on"]);
    });
    await sent.reached("delivered", delivered);
    expect((await sent.receipts()).map(({ user }) => user)).to.deep.equal(["carol"]);
    await team.setRetention(30);
    expect((await node.store.findConversation(team.id))!.group!.policy!.roles).to.deep.equal([
      { user: "bob", role: "owner" },
    ]);
    await team.remove(pseudonym);
    expect(team.users.map(({ user }) => user)).to.deep.equal(["bob", "carol"]);
    expect((await node.store.findConversation(team.id))!.users).to.deep.equal(["bob", "carol"]);
    await ofCarol.send("still here").reached("delivered", delivered);
    expect(people.faults).to.deep.equal([]);
  });

  it("is opened as ever by who had not read it yet: as a new message, under the name", async () => {
    const alice = await people.online("alice");
    const store = memoryStore();
    const bob = await people.online("bob", { store });
    const chat = await alice.direct("bob");
    await chat.send("one").reached("delivered", delivered);
    await leaves(bob);
    await chat.send("two").reached("accepted", delivered);
    await leaves(alice);
    await erasedFrom(node.store, "alice");
    const again = await people.open("bob", { store });
    const seen: string[] = [];
    again.on("message", ({ message }) => seen.push(`${message.sender.user}: ${message.text}`));
    await again.connect();
    await again.sync();
    await eventually(() => expect(seen).to.deep.equal(["alice: two"]));
    expect(people.faults).to.deep.equal([]);
  });

  it("has left where it had left: who comes later to that follows the removal", async () => {
    const alice = await people.online("alice");
    const bob = await people.online("bob");
    const store = memoryStore();
    const carol = await people.online("carol", { store });
    const team = await bob.createGroup({ name: "Team", members: ["alice", "carol"] });
    await eventually(() => expect(team.users).to.have.length(3));
    await team.send("hello").reached("delivered", delivered);
    await leaves(carol);
    const ofAlice = await eventually(async () => {
      await alice.sync();
      return alice.conversation(team.id) as Group;
    });
    await ofAlice.leave();
    await leaves(alice);
    await erasedFrom(node.store, "alice");
    const again = await people.online("carol", { store });
    const ofCarol = again.conversation(team.id) as Group;
    const sent = team.send("without alice");
    await eventually(async () => {
      await Promise.all([again.sync(), bob.sync()]);
      expect(await textsOf(ofCarol)).to.deep.equal(["hello", "without alice"]);
    });
    await sent.reached("delivered", delivered);
    expect(ofCarol.users.map(({ user }) => user)).to.deep.equal(["bob", "carol"]);
    expect(people.faults).to.deep.equal([]);
  });

  it("gives nobody the trust that the person had: where the old key was compared, nothing is sealed before the new one is", async () => {
    const alice = await people.online("alice");
    const bob = await people.online("bob");
    const chat = await bob.direct("alice");
    await chat.send("to the first").reached("delivered", delivered);
    await (await bob.verification("alice")).confirm();
    await leaves(alice);
    await erasedFrom(node.store, "alice");
    await bob.sync();
    await people.online("alice");
    const fresh = await bob.direct("alice");
    const sent = fresh.send("is it you?");
    await eventually(async () => {
      await bob.sync();
      expect(fresh.waitingFor).to.equal("identity-changed");
    });
    expect(sent.state).to.equal("queued");
    await (await bob.verification("alice")).confirm();
    await sent.reached("delivered", delivered);
  });
});
