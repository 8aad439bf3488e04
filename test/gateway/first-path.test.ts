import { expect } from "chai";
import { toBase64 } from "../../src/protocol/base64.ts";
import { entryHash } from "../../src/identity/log-hash.ts";
import { fromBase64 } from "../../src/protocol/base64.ts";
import { requests } from "../../src/protocol/requests.ts";
import { pushes } from "../../src/protocol/pushes.ts";
import { codeOf, DeviceSocket } from "../support/device-socket.ts";
import { ackOf, foundDirect, messageOf } from "../support/direct-on-node.ts";
import { startGatewayNode, type GatewayNode } from "../support/gateway-node.ts";

describe("one message through a node", () => {
  let node: GatewayNode;
  before(async () => {
    node = await startGatewayNode();
  });
  after(() => node.close());

  it("goes from hand to hand: registered, founded, sent, posted, read, acked, receipted", async () => {
    const { alice, bob, conversation } = await foundDirect(node);

    const welcome = await bob.socket.hears("inbox:posted");
    expect(welcome).to.include({ kind: "welcome", conversation, generation: 1, sequence: 1 });
    const inbox = await bob.socket.request("inbox:read", { after: 0 });
    expect(inbox.entries).to.deep.equal([welcome]);
    await bob.socket.request("inbox:ack", { position: welcome.position });
    expect((await bob.socket.request("inbox:read", { after: 0 })).entries).to.have.length(0);

    const message = messageOf(conversation, 1);
    const reply = await alice.socket.request("message:send", message);
    expect(reply).to.include({ status: "accepted", sequence: 2 });
    const posted = await bob.socket.hears("message:posted", (entry) => entry.sequence === 2);
    expect(pushes["message:posted"].parse(posted)).to.include({ payload: message.payload, number: 1, id: message.id });
    expect(await alice.socket.request("message:send", message)).to.deep.equal({ status: "already-accepted" });

    const page = await bob.socket.request("log:read", { conversation, after: 0, limit: 10 });
    expect(requests["log:read"].reply.parse(page).entries.map((entry) => entry.sequence)).to.deep.equal([1, 2]);
    expect(page.entries[1]).to.deep.equal(posted);

    await bob.socket.request("message:ack", ackOf(bob, conversation, 2));
    const receipt = await alice.socket.hears("message:delivered");
    expect(pushes["message:delivered"].parse(receipt)).to.deep.include({ kind: "delivered", user: "bob" });
    const { receipts } = await alice.socket.request("receipts:read", { conversation, after: 0 });
    expect(receipts).to.deep.equal([receipt]);
    expect(alice.socket.heard.filter(({ push }) => push === "message:posted")).to.have.length(0);
  });

  it("answers `diverged` to a device whose log is another one", async () => {
    const { alice, conversation } = await foundDirect(node, ["carol", "dave"]);
    const { entries } = await alice.socket.request("log:read", { conversation, after: 0, limit: 10 });
    const [commit] = entries;
    const hash = toBase64(entryHash({ ...commit!, payload: fromBase64(commit!.payload) }));
    const read = { conversation, after: 1, limit: 10 };
    expect(await alice.socket.request("log:read", { ...read, afterHash: hash })).to.include({ head: 1 });
    const other = toBase64(new Uint8Array(32));
    expect(await codeOf(alice.socket.request("log:read", { ...read, afterHash: other }))).to.equal("diverged");
    expect(await codeOf(alice.socket.request("log:read", { ...read, after: 9 }))).to.equal("diverged");
  });

  it("lets a device come back by its proof alone, and lists its conversations", async () => {
    const { alice, conversation } = await foundDirect(node, ["erin", "frank"]);
    alice.socket.close();
    const again = await DeviceSocket.connectAs(node, alice.account.user);
    const admitted = await again.prove(alice.identity);
    expect(requests["session:prove"].reply.parse(admitted)).to.include({
      listVersion: 1,
      device: alice.identity.device,
    });
    const { conversations } = await again.request("conversation:list", { limit: 10 });
    expect(requests["conversation:list"].reply.parse({ conversations, more: false }).conversations).to.have.length(1);
    expect(conversations[0]).to.include({ conversation, epoch: 1, generation: 1, joinedSequence: 1 });
    again.close();
  });
});
