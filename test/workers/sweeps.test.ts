import { expect } from "chai";
import { silentTelemetry } from "../../src/actors/ports/silent-telemetry.ts";
import { expireUndelivered, ringLaggards } from "../../workers/delivery.ts";
import { purgeExpired, type PurgeRun } from "../../workers/purge.ts";
import { sweepsOf } from "../../workers/sweeps.ts";
import { startTimers } from "../../workers/timers.ts";
import type { WorkerPorts } from "../../workers/worker-ports.ts";
import { ackOf, foundDirect, messageOf } from "../support/direct-on-node.ts";
import { startGatewayNode, type GatewayNode } from "../support/gateway-node.ts";

const dayMs = 86_400_000;

describe("the sweeps of a node", () => {
  let node: GatewayNode;
  const portsAt = (now: number): WorkerPorts => ({ ...node, telemetry: silentTelemetry, now: () => now });
  beforeEach(async () => {
    node = await startGatewayNode();
  });
  afterEach(() => node.close());

  it("ring devices that are online and lag, ever more seldom, until they have acked", async () => {
    const { alice, bob, conversation } = await foundDirect(node);
    await alice.socket.request("message:send", messageOf(conversation, 1));
    const later = Date.now() + 60_000;
    expect(await ringLaggards(portsAt(later))).to.be.greaterThan(0);
    expect(await bob.socket.hears("conversation:behind")).to.deep.equal({ conversation, head: 2 });
    expect(await ringLaggards(portsAt(later)), "postponed").to.equal(0);
    await bob.socket.request("message:ack", ackOf(bob, conversation, 2));
    await alice.socket.request("message:ack", ackOf(alice, conversation, 2));
    expect(await ringLaggards(portsAt(later + dayMs)), "nobody lags").to.equal(0);
  });

  it("delete and expire nothing by a clock that is ahead of the database's", async () => {
    const { alice, conversation } = await foundDirect(node);
    await alice.socket.request("message:send", messageOf(conversation, 1));
    const before = await node.store.measure();
    const sweeps = sweepsOf(portsAt(Date.now() + 400 * dayMs), { undeliveredTtlMs: 30 * dayMs });
    for (const { name, run } of sweeps) if (name === "purge" || name === "expire") await run();
    expect(await node.store.measure()).to.include({ messages: before.messages });
    expect((await node.store.readReceipts(conversation, 0, 10)).receipts).to.deep.equal([]);
  });

  it("do not ring who is away, and keep them due", async () => {
    const { alice, bob, conversation } = await foundDirect(node);
    bob.socket.close();
    await alice.socket.request("message:send", messageOf(conversation, 1));
    await alice.socket.request("message:ack", ackOf(alice, conversation, 2));
    const gone = async () => (await node.presence.online([bob.identity])).size === 0;
    while (!(await gone())) await new Promise((resolve) => setImmediate(resolve));
    expect(await ringLaggards(portsAt(Date.now() + 60_000))).to.equal(0);
    const { due } = await node.store.leaseDueConversations(Date.now() + dayMs, 10, 1000);
    expect(due.map((one) => one.conversation)).to.deep.equal([conversation]);
  });

  it("tell the sender when a recipient's time has run out, once", async () => {
    const { alice, conversation } = await foundDirect(node);
    await alice.socket.request("message:send", messageOf(conversation, 1));
    const ports = portsAt(Date.now() + 31 * dayMs);
    expect(await expireUndelivered(ports, 30 * dayMs)).to.be.greaterThan(0);
    const expired = await alice.socket.hears("message:expired", ({ user }) => user === "bob");
    expect(expired).to.include({ kind: "expired", conversation, sequence: 2 });
    expect(await expireUndelivered(ports, 30 * dayMs)).to.equal(0);
  });

  it("purge what is past its time, and only say so in a dry run", async () => {
    const { alice, conversation } = await foundDirect(node);
    await alice.socket.request("message:send", messageOf(conversation, 1));
    const ports = portsAt(Date.now() + 91 * dayMs);
    const messagesOf = ({ tables }: PurgeRun) =>
      tables.filter(({ table }) => table === "messages").reduce((sum, { rows }) => sum + rows, 0);
    expect(messagesOf(await purgeExpired(ports, { dryRun: true }))).to.equal(2);
    expect(messagesOf(await purgeExpired(ports))).to.equal(2);
    expect(messagesOf(await purgeExpired(ports))).to.equal(0);
  });
});

describe("timers", () => {
  it("run again after a failure, never overlap, and wait for the last when stopped", async () => {
    let runs = 0;
    let active = 0;
    let mostActive = 0;
    await new Promise<void>((resolve) => {
      const run = async () => {
        mostActive = Math.max(mostActive, (active += 1));
        await new Promise((proceed) => setImmediate(proceed));
        active -= 1;
        if ((runs += 1) === 3) void timers.stop().then(resolve);
        if (runs === 1) throw new Error("a sweep that fails");
      };
      const timers = startTimers([{ name: "test", everyMs: 1, run }], silentTelemetry);
    });
    expect([runs, mostActive, active]).to.deep.equal([3, 1, 0]);
  });
});
