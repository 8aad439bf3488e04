import { expect } from "chai";
import type { AckRow } from "../../src/actors/ports/store-log.ts";
import type { Metrics } from "../../src/actors/ports/telemetry.ts";
import type { Store } from "../../src/actors/ports/store.ts";
import { codeOf } from "../support/device-socket.ts";
import { ackOf, foundDirect, messageOf } from "../support/direct-on-node.ts";
import { startGatewayNode, type GatewayNode } from "../support/gateway-node.ts";

describe("acks of a device", () => {
  let node: GatewayNode;
  const advanced: AckRow[][] = [];
  const failures: [string, number][] = [];
  before(async () => {
    const wrapStore = (store: Store): Store => ({
      ...store,
      advancePositions: (acks) => {
        advanced.push([...acks]);
        return store.advancePositions(acks);
      },
    });
    const count: Metrics["count"] = (name, { reason = "" } = {}, by = 1) => {
      if (name === "open_failures") failures.push([reason, by]);
    };
    node = await startGatewayNode({ wrapStore, count });
  });
  after(() => node.close());

  it("reach the store fewer than they came, and the sender sees the last", async () => {
    const { alice, bob, conversation } = await foundDirect(node);
    const count = 40;
    for (let number = 1; number <= count; number += 1) {
      await alice.socket.request("message:send", messageOf(conversation, number));
    }
    const last = count + 1;
    const acks = Array.from({ length: last }, (_, index) => ackOf(bob, conversation, index + 1));
    await Promise.all(acks.map((ack) => bob.socket.request("message:ack", ack)));
    expect(advanced.length).to.be.lessThan(last);
    expect(advanced.at(-1)!.at(-1)!.sequence).to.equal(last);
    const receipt = await alice.socket.hears(
      "message:delivered",
      (heard) => heard.kind === "delivered" && heard.ack.sequence === last,
    );
    expect(receipt).to.deep.include({ user: "bob", ack: acks.at(-1) });
    expect(bob.socket.heard.some(({ push }) => push === "message:delivered")).to.equal(false);
    const { conversations } = await bob.socket.request("conversation:list", { limit: 10 });
    expect(conversations[0]!.position).to.equal(last);
  });

  it("say what could not be opened, and why: counted once they are taken, and told to nobody else", async () => {
    const { alice, bob, conversation } = await foundDirect(node, ["erin", "finn"]);
    await alice.socket.request("message:send", messageOf(conversation, 1));
    const said = [{ reason: "undecryptable" as const, count: 2 }];
    const beyond = { ...ackOf(bob, conversation, 3), failures: said };
    expect(await codeOf(bob.socket.request("message:ack", beyond))).to.equal("ack-invalid");
    expect(failures).to.deep.equal([]);
    const ack = ackOf(bob, conversation, 2);
    await bob.socket.request("message:ack", { ...ack, failures: said });
    expect(failures).to.deep.equal([["undecryptable", 2]]);
    const receipt = await alice.socket.hears("message:delivered", ({ kind }) => kind === "delivered");
    expect(receipt).to.have.deep.property("ack", ack);
  });

  it("do not spoil each other: one beyond the log is refused, those before it count", async () => {
    const { alice, bob, conversation } = await foundDirect(node, ["carol", "dave"]);
    await alice.socket.request("message:send", messageOf(conversation, 1));
    const [good, beyond] = await Promise.allSettled([
      bob.socket.request("message:ack", ackOf(bob, conversation, 2)),
      bob.socket.request("message:ack", ackOf(bob, conversation, 3)),
    ]);
    expect([good.status, beyond.status]).to.deep.equal(["fulfilled", "rejected"]);
    expect(await codeOf(bob.socket.request("message:ack", ackOf(bob, conversation, 3)))).to.equal("ack-invalid");
    expect(await bob.socket.request("message:ack", ackOf(bob, conversation, 1))).to.deep.equal({});
    const { conversations } = await bob.socket.request("conversation:list", { limit: 10 });
    expect(conversations[0]!.position).to.equal(2);
  });
});
