import { expect } from "chai";
import { toBase64 } from "../../src/protocol/base64.ts";
import { newId, type UserId } from "../../src/protocol/ids.ts";
import { codeOf, DeviceSocket } from "../support/device-socket.ts";
import { ackOf, foundDirect, messageOf } from "../support/direct-on-node.ts";
import { erasedFrom } from "../support/erased-by-node.ts";
import { startGatewayNode, type GatewayNode } from "../support/gateway-node.ts";

describe("a user who was erased, to a node", () => {
  let node: GatewayNode;
  let here: Awaited<ReturnType<typeof foundDirect>>;
  let pseudonym: UserId;
  beforeEach(async () => {
    node = await startGatewayNode();
    here = await foundDirect(node);
    await here.alice.socket.request("message:send", messageOf(here.conversation, 1));
    // That the two know each other the node remembers for a while.
    await here.bob.socket.request("devices:read", { users: [{ user: here.alice.account.user, after: 0 }] });
    pseudonym = await erasedFrom(node.store, here.alice.account.user);
  });
  afterEach(async () => {
    here.alice.socket.close();
    here.bob.socket.close();
    await node.close();
  });

  it("stands in the log under the pseudonym, with the hash of before, and nothing that could be given back", async () => {
    const { bob, conversation } = here;
    const { entries } = await bob.socket.request("log:read", { conversation, after: 0, limit: 10 });
    expect(entries.map(({ kind, sender }) => [kind, sender.user])).to.deep.equal([
      ["commit", pseudonym],
      ["message", pseudonym],
    ]);
    expect(entries[0]).to.include({ payload: "" }).and.to.have.property("goneHash");
    expect(entries[1]).to.have.property("originalHash");
    expect(entries.filter(({ voucher }) => voucher !== undefined)).to.deep.equal([]);
    const afterHash = entries[1]!.originalHash!;
    const next = await bob.socket.request("log:read", { conversation, after: 2, afterHash, limit: 10 });
    expect(next.entries).to.deep.equal([]);
    await bob.socket.request("message:ack", ackOf(bob, conversation, 2));
  });

  it("has keys without a list under the pseudonym, and under the name is nobody's contact at once", async () => {
    const { alice, bob } = here;
    const { users } = await bob.socket.request("devices:read", { users: [{ user: pseudonym, after: 0 }] });
    const { device } = alice.identity;
    const { deviceKey } = (await node.store.findDevice(device))!;
    const erased = [{ device, deviceKey: toBase64(deviceKey) }];
    expect(users).to.deep.equal([{ user: pseudonym, accountKey: null, entries: [], erased }]);
    const known = { users: [{ user: alice.account.user, after: 1 }] };
    expect(await codeOf(bob.socket.request("devices:read", known))).to.equal("forbidden");
  });

  it("has a direct that is found by its id, whatever name it is asked for by, and no other", async () => {
    const { alice, bob, conversation } = here;
    const { user } = alice.account;
    for (const peer of [user, pseudonym]) {
      const found = await bob.socket.request("conversation:open", { peer, conversation });
      expect(found.conversation).to.equal(conversation);
      expect(found.users).to.have.members([bob.account.user, pseudonym]);
    }
    const elsewhere = { peer: pseudonym, conversation: newId<typeof conversation>() };
    expect(await codeOf(bob.socket.request("conversation:open", elsewhere))).to.equal("user-erased");
    expect(await codeOf(bob.socket.request("message:send", messageOf(conversation, 1)))).to.equal("user-erased");
  });

  it("is refused with a device of before", async () => {
    const { alice } = here;
    const { user } = alice.account;
    const socket = await DeviceSocket.connectAs(node, user);
    const { device } = alice.identity;
    const signature = socket.signChallenge(alice.identity);
    expect(await codeOf(socket.request("session:prove", { device, signature }))).to.equal("user-erased");
    socket.close();
  });
});
