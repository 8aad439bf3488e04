import { expect } from "chai";
import type { Store } from "../../src/actors/ports/store.ts";
import { userId } from "../../src/protocol/ids.ts";
import { protocolVersion } from "../../src/protocol/limits.ts";
import { userRoom } from "../../src/protocol/rooms.ts";
import { codeOf, DeviceSocket } from "../support/device-socket.ts";
import { newPerson } from "../support/direct-on-node.ts";
import { startGatewayNode, tokenFor, type GatewayNode } from "../support/gateway-node.ts";

describe("a socket that has not proved its device key", () => {
  let node: GatewayNode;
  before(async () => {
    node = await startGatewayNode();
  });
  after(() => node.close());

  it("is in no room, hears nothing, and is not present", async () => {
    const { account, identity, socket } = await newPerson(node, "alice");
    socket.close();
    const waiting = await DeviceSocket.connectAs(node, account.user);
    const push = { user: account.user, version: 7 };
    node.delivery.emit(userRoom(account.user), "devices:changed", push);
    const server = [...node.sockets.of("/").sockets.values()].find(({ id }) => id === waiting.socket.id)!;
    expect([...server.rooms]).to.deep.equal([server.id]);
    await waiting.prove(identity);
    expect(waiting.heard).to.deep.equal([]);
    node.delivery.emit(userRoom(account.user), "devices:changed", push);
    expect(await waiting.hears("devices:changed")).to.deep.equal(push);
    expect([...(await node.presence.online([identity]))]).to.deep.equal([identity.device]);
    waiting.close();
  });

  it("may try again after a refusal, answers one challenge only, and each socket has its own", async () => {
    const { account, identity, socket } = await newPerson(node, "bob");
    const other = await DeviceSocket.connectAs(node, account.user);
    const replayed = { device: identity.device, signature: socket.signChallenge(identity) };
    expect(await codeOf(other.request("session:prove", replayed))).to.equal("admission-refused");
    const [once, twice] = await Promise.allSettled([other.prove(identity), other.prove(identity)]);
    expect([once.status, twice.status]).to.deep.equal(["fulfilled", "rejected"]);
    other.close();
  });

  it("keeps neither its token nor its request in memory", async () => {
    const { socket } = await newPerson(node, "carol");
    const server = [...node.sockets.of("/").sockets.values()].find(({ id }) => id === socket.socket.id)!;
    expect(server.handshake.auth).to.deep.equal({});
    expect(server.request).to.equal(undefined);
    expect(JSON.stringify(server.data.token)).to.not.include(
      await tokenFor("carol").then((token) => token.slice(0, 20)),
    );
    socket.close();
  });

  it("is told the public hosts' way: its proof names one of them", async () => {
    const behindProxy = await startGatewayNode({ settings: { publicHosts: ["chat.example", "localhost:1"] } });
    try {
      const host = "chat.example";
      const { account, identity } = await newPerson({ ...behindProxy, host }, "dave");
      const again = await DeviceSocket.connect(
        { ...behindProxy, host: behindProxy.host },
        { token: await tokenFor(account.user), protocol: protocolVersion },
      );
      expect(await codeOf(again.prove(identity))).to.equal("admission-refused");
      again.close();
    } finally {
      await behindProxy.close();
    }
  });

  it("leaves its rooms again when the database goes away in the middle", async () => {
    let isDown = false;
    const wrapStore = (store: Store): Store => ({
      ...store,
      countKeyPackages: (device) => (isDown ? Promise.reject(new Error("gone")) : store.countKeyPackages(device)),
    });
    const shaky = await startGatewayNode({ wrapStore });
    try {
      const { account, identity, socket } = await newPerson(shaky, "frank");
      socket.close();
      isDown = true;
      const again = await DeviceSocket.connectAs(shaky, account.user);
      expect(await codeOf(again.prove(identity))).to.equal("unavailable");
      expect(shaky.sockets.of("/").adapter.rooms.has(userRoom(account.user))).to.equal(false);
      expect((await shaky.presence.online([identity])).size).to.equal(0);
      isDown = false;
      expect(await again.prove(identity)).to.include({ user: "frank" });
      again.close();
    } finally {
      await shaky.close();
    }
  });

  it("is registered once, although its answer was lost and it asks again", async () => {
    const { account, identity, socket } = await newPerson(node, "erin");
    socket.close();
    const again = await DeviceSocket.connectAs(node, account.user);
    expect(await again.register(account, identity)).to.include({ listVersion: 1, user: userId.parse("erin") });
    again.close();
  });
});
