import { expect } from "chai";
import type { Client, Group } from "../../src/client/index.ts";
import { fileStore } from "../../src/client/node.ts";
import { eventually } from "../support/eventually.ts";
import { startGatewayNode, type GatewayNode } from "../support/gateway-node.ts";
import { groupOf } from "../support/group-sides.ts";
import { People } from "../support/people.ts";
import { refusal } from "../support/refusal.ts";
import { tempFolder } from "../support/temp-folder.ts";

const textsOf = async (group: Group): Promise<string[]> => (await group.unread()).map(({ text }) => text);
const usersOf = (group: Group): string[] => group.users.map(({ user }) => user);
const soon = { timeout: 60_000 };

describe("groups", function () {
  this.timeout(120_000);
  let node: GatewayNode;
  let people: People;
  let run = 0;
  /** Names that no other test has. */
  const named = (name: string) => `${name}-${run}`;
  before(async () => {
    node = await startGatewayNode();
  });
  after(() => node.close());
  beforeEach(() => {
    run += 1;
    people = new People(() => node.url);
  });
  afterEach(async () => {
    await people.close();
    expect(people.faults).to.deep.equal([]);
  });

  async function founded(...others: string[]) {
    const alice = await people.online(named("alice"));
    const clients: Client[] = [];
    for (const other of others) clients.push(await people.online(named(other)));
    const group = await alice.createGroup({ name: "Team", members: clients.map(({ user }) => user) });
    const sides = await Promise.all(clients.map(groupOf));
    return { alice, group, clients, sides };
  }

  it("are founded with their members, who learn the name and the roles", async () => {
    const { group, sides } = await founded("bob", "carol");
    expect(group.name).to.equal("Team");
    expect(group.role).to.equal("owner");
    await eventually(() => expect(sides.map(({ name }) => name)).to.deep.equal(["Team", "Team"]));
    for (const side of [group, ...sides]) {
      expect(side.users).to.deep.equal([
        { user: named("alice"), role: "owner" },
        { user: named("bob"), role: "member" },
        { user: named("carol"), role: "member" },
      ]);
    }
  });

  it("bring a message to everybody; it is delivered when the last one has it", async () => {
    const { group, sides } = await founded("bob", "carol");
    const message = group.send("to both");
    await message.reached("delivered", soon);
    for (const side of sides) expect(await textsOf(side)).to.deep.equal(["to both"]);
    const receipts = await message.receipts();
    expect(receipts.map(({ user }) => user)).to.deep.equal([named("bob"), named("carol")]);
    for (const { deliveredAt } of receipts) expect(deliveredAt).to.be.instanceOf(Date);
    await sides[0]!.send("and back").reached("delivered", soon);
    expect(await textsOf(group)).to.deep.equal(["and back"]);
    expect(await textsOf(sides[1]!)).to.deep.equal(["to both", "and back"]);
  });

  it("wait for who is away, and tell who has it already", async () => {
    const { group, clients, sides } = await founded("bob", "carol");
    await Promise.all(sides.map((side) => side.settled()));
    await clients[1]!.close();
    people.forget(clients[1]!);
    const message = group.send("bob alone");
    await message.reached("delivered", { ...soon, by: "any" });
    expect(message.state).to.equal("accepted");
    const [bob, carol] = await message.receipts();
    expect(bob!.deliveredAt).to.be.instanceOf(Date);
    expect(carol!.deliveredAt).to.equal(undefined);
  });

  it("show who is added later nothing from before, and the name", async () => {
    const { group, sides } = await founded("bob");
    await group.send("before dave").reached("delivered", soon);
    const dave = await people.online(named("dave"));
    expect(await group.add(dave.user)).to.equal("added");
    const side = await groupOf(dave);
    await group.send("hello dave").reached("delivered", soon);
    expect(await textsOf(side)).to.deep.equal(["hello dave"]);
    expect(side.name).to.equal("Team");
    expect(await textsOf(sides[0]!)).to.deep.equal(["before dave", "hello dave"]);
  });

  it("end for who is removed: nothing more is received, nothing can be sent, what was said stays", async () => {
    const { group, sides } = await founded("bob", "carol");
    await group.send("while bob is here").reached("delivered", soon);
    await group.remove(named("bob"));
    await eventually(() => expect(sides[0]!.left).to.equal("removed"));
    const message = group.send("without bob");
    await message.reached("delivered", soon);
    expect((await message.receipts()).map(({ user }) => user)).to.deep.equal([named("carol")]);
    expect(() => sides[0]!.send("still here"))
      .to.throw()
      .with.property("code", "not-a-member");
    expect(await textsOf(sides[0]!)).to.deep.equal(["while bob is here"]);
    expect(usersOf(sides[1]!)).to.deep.equal([named("alice"), named("carol")]);
  });

  it("take back who was removed, from there on", async () => {
    const { group, clients, sides } = await founded("bob", "carol");
    await group.remove(named("bob"));
    await eventually(() => expect(sides[0]!.left).to.equal("removed"));
    await group.send("while bob was away").reached("delivered", soon);
    expect(await group.add(clients[0]!.user)).to.equal("added");
    await eventually(() => expect(sides[0]!.left).to.equal(null));
    await group.send("bob again").reached("delivered", soon);
    expect(await textsOf(sides[0]!)).to.deep.equal(["bob again"]);
    await sides[0]!.send("thanks").reached("delivered", soon);
  });

  it("go on without who leaves, and hold no message back for them", async () => {
    const { group, sides, clients } = await founded("bob", "carol");
    await clients[1]!.close();
    people.forget(clients[1]!);
    const message = group.send("carol is away");
    await message.reached("delivered", { ...soon, by: "any" });
    await sides[0]!.leave();
    expect(sides[0]!.left).to.equal("left");
    await eventually(() => expect(usersOf(group)).to.deep.equal([named("alice"), named("carol")]));
    await eventually(() => expect(group.members.map(({ user }) => user)).to.not.include(named("bob")));
    expect(() => sides[0]!.send("after all"))
      .to.throw()
      .with.property("code", "not-a-member");
    expect(message.state).to.equal("accepted");
    await group.remove(named("carol"));
    await eventually(() => expect(message.state).to.equal("delivered"));
  });

  it("seal nothing to who has left: the next message comes after the removal, which needs nobody to write", async () => {
    const { group, sides, clients } = await founded("bob", "carol");
    await sides[0]!.leave();
    await eventually(async () => {
      const row = await node.store.findConversation(group.id);
      expect(row?.leaves).to.include(clients[1]!.device).and.not.include(clients[0]!.device);
    });
    await sides[1]!.leave();
    await eventually(() => expect(usersOf(group)).to.deep.equal([named("alice")]));
    await group.send("to nobody").reached("accepted", soon);
    const row = await node.store.findConversation(group.id);
    expect(row?.leaves.filter((device) => device !== null)).to.have.length(1);
  });

  it("let owners give roles, admins add and remove, and members neither", async () => {
    const { group, sides } = await founded("bob", "carol");
    const [bob, carol] = sides;
    const dave = await people.online(named("dave"));
    await refusal(bob!.add(dave.user), "forbidden");
    await refusal(bob!.remove(named("carol")), "forbidden");
    await refusal(bob!.setRole(named("bob"), "admin"), "forbidden");
    await refusal(bob!.rename("Mine"), "forbidden");
    await group.setRole(named("bob"), "admin");
    await eventually(() => expect(bob!.role).to.equal("admin"));
    expect(await bob!.add(dave.user)).to.equal("added");
    await bob!.rename("Crew");
    await eventually(() => expect([group.name, carol!.name]).to.deep.equal(["Crew", "Crew"]));
    await refusal(bob!.remove(named("alice")), "forbidden");
    await bob!.remove(named("carol"));
    await eventually(() => expect(carol!.left).to.equal("removed"));
    await refusal(group.leave(), "forbidden");
    await group.setRole(named("bob"), "owner");
    await group.leave();
    await eventually(() => expect(usersOf(bob!)).to.deep.equal([named("bob"), named("dave")]));
  });

  it("keep both changes of two admins at once", async () => {
    const { group, sides } = await founded("bob", "carol");
    const [bob] = sides;
    await group.setRole(named("bob"), "admin");
    await eventually(() => expect(bob!.role).to.equal("admin"));
    for (let round = 0; round < 5; round += 1) {
      const [one, other] = [await people.online(named(`x${round}`)), await people.online(named(`y${round}`))];
      await Promise.all([group.add(one.user), bob!.add(other.user)]);
      await eventually(() => expect(usersOf(group)).to.include.members([one.user, other.user]));
      await eventually(() => expect(usersOf(bob!)).to.deep.equal(usersOf(group)));
    }
    await group.send("all twelve").reached("delivered", soon);
  });

  it("add who has no device yet once there is one, and further devices of whoever is in", async () => {
    const alice = await people.online(named("alice"));
    const group = await alice.createGroup({ members: [named("late")] });
    expect(group.invited).to.deep.equal([named("late")]);
    const late = await people.online(named("late"));
    await alice.sync();
    const side = await groupOf(late);
    await group.send("welcome").reached("delivered", soon);
    expect(await textsOf(side)).to.deep.equal(["welcome"]);
    const tablet = await people.linked(late);
    const second = await groupOf(tablet);
    await group.send("to both devices").reached("delivered", soon);
    await eventually(async () => expect(await textsOf(second)).to.deep.equal(["to both devices"]));
    expect(group.invited).to.deep.equal([]);
  });

  it("are what they were for a device that was closed, with what was said and done meanwhile", async () => {
    const folder = await tempFolder();
    const kdf = { opslimit: 1, memlimitBytes: 8 * 1024 * 1024 };
    const storeOf = () => fileStore(folder.path, { passphrase: "open sesame", kdf });
    const bob = await people.online(named("bob"), { store: storeOf() });
    const alice = await people.online(named("alice"));
    const carol = await people.online(named("carol"));
    const group = await alice.createGroup({ name: "Team", members: [bob.user, carol.user] });
    await (await groupOf(bob)).send("before").reached("delivered", soon);
    await bob.close();
    people.forget(bob);
    await group.rename("Crew");
    await group.remove(carol.user);
    const dave = await people.online(named("dave"));
    await group.add(dave.user);
    const message = group.send("while bob was away");
    await message.reached("delivered", { ...soon, by: "any" });
    expect(message.state).to.equal("accepted");

    const again = await people.open(named("bob"), { store: storeOf() });
    const side = await groupOf(again);
    expect(side.name).to.equal("Team");
    side.send("written offline");
    await again.connect();
    await message.reached("delivered", soon);
    await eventually(() => expect(side.name).to.equal("Crew"));
    expect(await textsOf(side)).to.deep.equal(["while bob was away"]);
    expect(usersOf(side)).to.deep.equal([named("alice"), named("bob"), named("dave")]);
    await eventually(async () => expect(await textsOf(group)).to.deep.equal(["before", "written offline"]));
    await eventually(async () => expect(await textsOf(await groupOf(dave))).to.include("written offline"));
    await people.close();
    await folder.remove();
  });

  it("take no names that are none, and no members who cannot be", async () => {
    const alice = await people.online(named("alice"));
    await refusal(alice.createGroup({ name: "" }), "invalid-argument");
    await refusal(alice.createGroup({ name: "x".repeat(257) }), "invalid-argument");
    await refusal(alice.createGroup({ members: ["two words"] }), "invalid-argument");
    const group = await alice.createGroup();
    expect(usersOf(group)).to.deep.equal([alice.user]);
    await refusal(() => group.add("two words"), "invalid-argument");
    await refusal(group.setRole("nobody", "admin"), "invalid-argument");
    await group.remove("nobody");
    await group.send("to nobody yet").reached("accepted", soon);
    await group.leave();
    expect(group.left).to.equal("left");
  });

  it("of the large suite work the same", async () => {
    const alice = await people.online(named("alice"));
    const bob = await people.online(named("bob"));
    const group = await alice.createGroup({ name: "Large", members: [bob.user], size: "large" });
    const side = await groupOf(bob);
    await group.send("by the other suite").reached("delivered", soon);
    expect(await textsOf(side)).to.deep.equal(["by the other suite"]);
    await side.send("too").reached("delivered", soon);
  });
});
