import { expect } from "chai";
import type { Client, Group } from "../../src/client/index.ts";
import { silentTelemetry } from "../../src/actors/ports/silent-telemetry.ts";
import { startFollowingHeads } from "../../src/gateway/follow-heads.ts";
import type { GatewaySocket } from "../../src/gateway/socket-server.ts";
import { groupRoom, userRoom } from "../../src/protocol/rooms.ts";
import { eventually } from "../support/eventually.ts";
import { startGatewayNode, type GatewayNode } from "../support/gateway-node.ts";
import { People } from "../support/people.ts";

describe("the room of a group", function () {
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

  const inRoom = ({ id }: Pick<Group, "id">): string[] =>
    [...(node.sockets.of("/").adapter.rooms.get(groupRoom(id)) ?? [])]
      .map((socket) => node.sockets.of("/").sockets.get(socket)!.data.session.caller!.user)
      .toSorted();
  const socketsOf = ({ user }: Client): GatewaySocket[] =>
    [...(node.sockets.of("/").adapter.rooms.get(userRoom(user)) ?? [])].map((socket) =>
      node.sockets.of("/").sockets.get(socket)!,
    );
  const groupOf = (client: Client, { id }: Pick<Group, "id">): Promise<Group> =>
    eventually(() => {
      const group = client.conversations().find((one) => one.id === id) as Group | undefined;
      if (!group?.isJoined) throw new Error("not in the group yet");
      return group;
    });

  async function team() {
    const [alice, bob, carol] = [
      await people.online("alice"),
      await people.online("bob"),
      await people.online("carol"),
    ] as const;
    const group = await alice.createGroup({ name: "Team", members: [bob.user, carol.user] });
    await group.send("first").reached("delivered", { timeout: 60_000 });
    return { bob, carol, group };
  }

  it("holds the sockets of its members, whoever comes and goes, and of devices that connect later", async () => {
    const { bob, carol, group } = await team();
    expect(inRoom(group)).to.deep.equal(["alice", "bob", "carol"]);
    await group.remove(bob.user);
    expect(inRoom(group)).to.deep.equal(["alice", "carol"]);
    const phone = await people.linked(carol);
    expect(inRoom(group)).to.deep.equal(["alice", "carol", "carol"]);
    await phone.close();
    people.forget(phone);
    await eventually(() => expect(inRoom(group)).to.deep.equal(["alice", "carol"]));
    await (await groupOf(carol, group)).leave();
    expect(inRoom(group)).to.deep.equal(["alice"]);
    await eventually(() => group.add(bob.user));
    expect(inRoom(group)).to.deep.equal(["alice", "bob"]);
    const heard = new Promise((resolve) => bob.on("message", ({ message }) => resolve(message.text)));
    await groupOf(bob, group);
    group.send("hello again");
    expect(await heard).to.equal("hello again");
  });

  it("is pushed to once for a message, however many are in it", async () => {
    const { group } = await team();
    const pushed: string[] = [];
    const emit = node.delivery.emit.bind(node.delivery);
    node.delivery.emit = (room, push, payload, options) => {
      if (push === "message:posted") pushed.push(room);
      emit(room, push, payload, options);
    };
    try {
      await group.send("to all").reached("delivered", { timeout: 60_000 });
      expect(pushed).to.deep.equal([groupRoom(group.id)]);
    } finally {
      node.delivery.emit = emit;
    }
  });

  it("is put right by what the database says, where word of who came and went was lost", async () => {
    const { bob, carol, group } = await team();
    const timings = { everyMs: 50, settleMs: 0, overlapMs: 5_000 };
    const { store, sockets } = node;
    const following = startFollowingHeads({
      store,
      sockets,
      telemetry: silentTelemetry,
      isCutOff: () => false,
      timings,
    });
    try {
      const lost = socketsOf(bob);
      for (const socket of lost) await socket.leave(groupRoom(group.id));
      expect(inRoom(group)).to.deep.equal(["alice", "carol"]);
      await group.send("bob lags").reached("delivered", { timeout: 60_000 });
      expect(inRoom(group)).to.deep.equal(["alice", "bob", "carol"]);
      await group.remove(carol.user);
      for (const socket of socketsOf(carol)) await socket.join(groupRoom(group.id));
      expect(inRoom(group)).to.deep.equal(["alice", "bob", "carol"]);
      await eventually(() => expect(inRoom(group)).to.deep.equal(["alice", "bob"]));
    } finally {
      await following.stop();
    }
  });
});
