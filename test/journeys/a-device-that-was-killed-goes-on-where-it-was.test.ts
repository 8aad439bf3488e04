import { expect } from "chai";
import { join } from "node:path";
import type { Client } from "../../src/client/index.ts";
import { DeviceProcess } from "../support/device-process.ts";
import { eventually } from "../support/eventually.ts";
import { FlakyLink } from "../support/flaky-link.ts";
import { startGatewayNode, type GatewayNode } from "../support/gateway-node.ts";
import { People, textsFrom } from "../support/people.ts";
import { tempFolder } from "../support/temp-folder.ts";

const lines = (word: string, count: number): string[] =>
  Array.from({ length: count }, (_, index) => `${word} ${index}`);

describe("promise 2, exactly once and in order: a device that was killed goes on where it was", function () {
  this.timeout(120_000);
  let node: GatewayNode;
  let link: FlakyLink;
  let people: People;
  let folder: Awaited<ReturnType<typeof tempFolder>>;
  const devices: DeviceProcess[] = [];

  const start = async (user: string): Promise<DeviceProcess> => {
    const device = await DeviceProcess.start(link.url, user, join(folder.path, user));
    devices.push(device);
    return device;
  };
  /** As if the machine had lost power: nothing that the process had sent, and the link held, arrives any more. */
  const killed = async (device: DeviceProcess): Promise<void> => {
    await device.kill();
    link.cut();
    link.release();
  };
  const head = async (client: Client): Promise<number> =>
    (await node.store.findConversation(client.conversations()[0]!.id))!.head;

  before(async () => {
    node = await startGatewayNode();
    link = await FlakyLink.to(node);
    folder = await tempFolder();
  });
  after(async () => {
    await link.close();
    await node.close();
    await folder.remove();
  });
  beforeEach(() => {
    people = new People(() => node.url);
  });
  afterEach(async () => {
    for (const device of devices.splice(0)) {
      await device.kill();
      expect(device.heard.filter(({ word }) => word === "fault")).to.deep.equal([]);
    }
    await people.close();
    expect(people.faults).to.deep.equal([]);
  });

  it("killed between sealing and accepted: what was sealed goes out later, once", async () => {
    const bob = await people.online("bob");
    const first = await start("alice");
    first.send("bob", ["hello"]);
    await first.says((word) => word.word === "state" && word.state === "delivered");
    link.hold("up");
    first.send("bob", lines("sealed", 40));
    await first.says((word) => word.word === "state" && word.text === "sealed 39" && word.state === "sending");
    await killed(first);
    expect(await textsFrom(bob, "alice")).to.deep.equal(["hello"]);

    const second = await start("alice");
    second.send("bob", ["afterwards"]);
    await second.says((word) => word.word === "state" && word.text === "afterwards" && word.state === "delivered");
    const all = ["hello", ...lines("sealed", 40), "afterwards"];
    expect(await textsFrom(bob, "alice")).to.deep.equal(all);
    const { held, unsent } = await second.history("bob");
    expect(held.map(({ text }) => text)).to.deep.equal(all);
    expect(unsent).to.equal(0);
    expect(new Set(held.map(({ state }) => state))).to.deep.equal(new Set(["delivered"]));
  });

  it("killed after the node accepted, before it heard so: nothing is sent a second time", async () => {
    const bob = await people.online("bill");
    const first = await start("ada");
    first.send("bill", ["hello"]);
    await first.says((word) => word.word === "state" && word.state === "delivered");
    const before = await head(bob);
    link.hold("down");
    first.send("bill", lines("taken", 40));
    await eventually(async () => expect(await head(bob)).to.be.greaterThan(before + 20));
    await killed(first);
    expect(
      first.heard.some((word) => word.word === "state" && word.text === "taken 0" && word.state === "accepted"),
    ).to.equal(false);

    const second = await start("ada");
    const all = ["hello", ...lines("taken", 40)];
    await eventually(async () => expect((await second.history("bill")).unsent).to.equal(0));
    await eventually(async () => expect(await textsFrom(bob, "ada")).to.deep.equal(all));
    expect((await second.history("bill")).held.map(({ text }) => text)).to.deep.equal(all);
    expect(await head(bob)).to.equal(before + 40);
  });

  it("killed between stored and acked: it shows nothing twice, and its sender hears of it in the end", async () => {
    const alice = await people.online("abel");
    const first = await start("bert");
    const chat = await alice.direct("bert");
    await chat.send("hello").reached("delivered", { timeout: 60_000 });
    link.hold("up");
    const sent = lines("stored", 20).map((line) => chat.send(line));
    await first.says((word) => word.word === "message" && word.text === "stored 19");
    expect(new Set(sent.map(({ state }) => state))).to.deep.equal(new Set(["accepted"]));
    await killed(first);

    const second = await start("bert");
    await Promise.all(sent.map((message) => message.reached("delivered", { timeout: 60_000 })));
    await chat.send("afterwards").reached("delivered", { timeout: 60_000 });
    expect(second.heard.filter(({ word }) => word === "message")).to.deep.equal([
      { word: "message", text: "afterwards" },
    ]);
    const { held } = await second.history("abel");
    expect(held.map(({ text }) => text)).to.deep.equal(["hello", ...lines("stored", 20), "afterwards"]);
  });

  it("killed again and again while messages go both ways: both ends hold the same", async () => {
    const alice = await people.online("anna");
    let bob = await start("bart");
    const chat = await alice.direct("bart");
    await chat.send("hello").reached("delivered", { timeout: 60_000 });
    for (let round = 1; round <= 2; round++) {
      const before = bob.heard.length;
      const sent = lines(`to bart ${round}:`, 30).map((line) => chat.send(line));
      bob.send("anna", lines(`to anna ${round}:`, 30));
      await eventually(() => expect(bob.heard.length).to.be.greaterThan(before + 12 * round), 20_000, 1);
      await bob.kill();
      bob = await start("bart");
      await Promise.all(sent.map((message) => message.reached("delivered", { timeout: 60_000 })));
    }
    await eventually(async () => expect((await bob.history("anna")).unsent).to.equal(0));
    let theirs: string[] = [];
    await eventually(async () => {
      theirs = (await bob.history("anna")).held.map(({ sequence, text }) => `${sequence} ${text}`);
      const { messages } = await chat.history({ limit: 1000 });
      const ours = messages.map((one) => ("text" in one ? `${one.sequence} ${one.text}` : "unopened"));
      expect(ours).to.deep.equal(theirs);
    });
    expect(new Set(theirs).size).to.equal(theirs.length);
    for (let round = 1; round <= 2; round++) {
      const received = theirs.filter((line) => line.includes(`to bart ${round}:`));
      expect(received.map((line) => line.replace(/^\d+ /, ""))).to.deep.equal(lines(`to bart ${round}:`, 30));
    }
    const written = (await textsFrom(alice, "bart")).filter((text) => text.startsWith("to anna"));
    expect(written).to.deep.equal(written.toSorted(byRoundAndNumber));
  });
});

function byRoundAndNumber(one: string, other: string): number {
  const [a, b] = [one, other].map((text) => /(\d+): (\d+)$/.exec(text)!.slice(1).map(Number));
  return a![0]! - b![0]! || a![1]! - b![1]!;
}
