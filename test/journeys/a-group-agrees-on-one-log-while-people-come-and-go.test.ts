import { expect } from "chai";
import type { Client, Group, Message } from "../../src/client/index.ts";
import { Cluster } from "../support/cluster.ts";
import { eventually } from "../support/eventually.ts";
import { logOf } from "../support/group-sides.ts";
import { People, quickTimings } from "../support/people.ts";

const patience = { timeout: 60_000 };
const timings = { ...quickTimings, syncEveryMs: 3_000 };

/** One device of somebody, and what it has been shown. */
interface Side {
  client: Client;
  group: Group;
}

describe("a group of twelve with twenty devices, on three nodes and two workers", function () {
  this.timeout(300_000);
  let cluster: Cluster;
  let people: People;
  const sides: Side[] = [];
  before(async () => {
    cluster = await Cluster.start();
    people = new People(() => cluster.nodes[0]!.url);
  });
  after(async () => {
    await people.close();
    await cluster.close();
  });

  const primaries = new Map<string, Client>();
  let devices = 0;
  const nextNode = () => ({ url: cluster.nodes[devices++ % 3]!.url, timings });
  const person = async (name: string, deviceCount: number) => {
    const client = await people.online(name, nextNode());
    primaries.set(name, client);
    for (let extra = 1; extra < deviceCount; extra += 1) {
      await people.linked(client, nextNode());
    }
    return client;
  };

  async function everySide(): Promise<void> {
    for (const client of people.all()) {
      if (sides.some((side) => side.client === client)) continue;
      const group = client.conversations().find((one) => one.kind === "group") as Group | undefined;
      if (group?.isJoined) sides.push({ client, group });
    }
  }
  const sideOf = (name: string): Side => sides.find(({ client }) => client === primaries.get(name))!;
  const inIt = () => sides.filter(({ group }) => group.left === null);

  /** Everybody who is in writes; resolves when the last of it is accepted. */
  async function everybodyWrites(phase: string): Promise<Message[]> {
    const sent: Message[] = [];
    for (const { client, group } of inIt()) sent.push(group.send(`${phase} ${client.user} ${client.device}`));
    await Promise.all(sent.map((message) => message.reached("accepted", patience).catch(() => undefined)));
    return sent;
  }

  it("holds one log on all devices, readable by who was in it then and by nobody else", async () => {
    const names = Array.from({ length: 12 }, (_, index) => `u${index.toString().padStart(2, "0")}`);
    for (const [index, name] of names.entries()) await person(name, index < 8 ? 2 : 1);
    const owner = primaries.get("u00")!;
    const group = await owner.createGroup({ name: "Twelve", members: names.slice(0, 8) });
    await eventually(async () => {
      await everySide();
      expect(sides).to.have.length(16);
    }, 60_000);
    await everybodyWrites("first");

    // People come and go while everybody writes.
    await group.setRole("u01", "admin");
    const changes = (async () => {
      await Promise.all([group.add("u08"), sideOf("u01").group.add("u09")]);
      await Promise.all([group.remove("u03"), sideOf("u04").group.leave()]);
      await Promise.all([group.add("u10"), sideOf("u01").group.add("u11")]);
    })();
    await Promise.all([everybodyWrites("meanwhile one"), everybodyWrites("meanwhile two"), changes]);
    await eventually(async () => {
      await everySide();
      const users = names.filter((name) => !["u03", "u04"].includes(name));
      for (const side of inIt()) expect(side.group.users.map(({ user }) => user)).to.deep.equal(users);
      expect(inIt()).to.have.length(16);
      expect(sideOf("u03").group.left).to.equal("removed");
      expect(sideOf("u04").group.left).to.equal("left");
    }, 60_000);

    const last = await everybodyWrites("last");
    const final = group.send("the very last");
    await final.reached("delivered", patience);
    await Promise.all(last.map((message) => message.reached("delivered", patience)));
    const receipts = await final.receipts();
    expect(receipts).to.have.length(9);
    for (const { deliveredAt } of receipts) expect(deliveredAt).to.be.instanceOf(Date);

    const reference = await logOf(group);
    for (const { client, group: theirs } of sides) {
      await theirs.settled();
      const log = await eventually(async () => {
        const held = await logOf(theirs);
        if (theirs.left === null) expect(held.at(-1)).to.deep.equal(reference.at(-1));
        return held;
      }, 30_000);
      const [from, to] = [log[0]?.sequence ?? 0, log.at(-1)?.sequence ?? 0];
      const theirPart = reference.filter(({ sequence }) => sequence >= from && sequence <= to);
      expect(log, `what ${client.user} holds`).to.deep.equal(theirPart);
      const texts = log.map(({ text }) => text);
      const isLate = ["u08", "u09", "u10", "u11"].includes(client.user);
      expect(texts.some((text) => text.startsWith("first "))).to.equal(!isLate);
      expect(texts.some((text) => text.startsWith("last "))).to.equal(theirs.left === null);
      expect(theirs.name).to.equal("Twelve");
    }
    expect(people.faults).to.deep.equal([]);
    expect(cluster.unhandled).to.deep.equal([]);
  });
});
