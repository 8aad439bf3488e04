import { expect } from "chai";
import type { Socket } from "socket.io-client";
import type { Delivery } from "../../src/actors/ports/delivery.ts";
import { newId, userId, type ConversationId } from "../../src/protocol/ids.ts";
import { deviceRoom, groupRoom, userRoom, type Room } from "../../src/protocol/rooms.ts";
import { eventually } from "../support/eventually.ts";

/** A delivery, and clients whose sockets are in rooms: on any node of those that it reaches. */
export interface DeliveryUnderTest {
  delivery: Delivery;
  /** A connected client that is in these rooms, with its socket's id. */
  join(rooms: Room[]): Promise<{ client: Socket; socket: string }>;
  /** The same, on the very node that the delivery is of. */
  joinHere(rooms: Room[]): Promise<{ client: Socket; socket: string }>;
  end(): Promise<void>;
}

const change = (version: number) => ({ user: userId.parse("alice"), version });

/** What every Delivery promises. */
export function deliveryContract(open: () => Promise<DeliveryUnderTest>): void {
  let tested: DeliveryUnderTest;
  const alice = userRoom(userId.parse("alice"));
  const bob = userRoom(userId.parse("bob"));
  beforeEach(async () => {
    tested = await open();
  });
  afterEach(() => tested.end());

  it("pushes to every socket of a room, in order, and to nobody else", async () => {
    const [phone, laptop, other] = await Promise.all([tested.join([alice]), tested.join([alice]), tested.join([bob])]);
    const heard = [phone, laptop, other].map(({ client }) => versionsUpTo(client, 99));
    for (const version of [1, 2, 3, 99]) tested.delivery.emit(alice, "devices:changed", change(version));
    tested.delivery.emit(bob, "devices:changed", change(99));
    expect(await Promise.all(heard)).to.deep.equal([[1, 2, 3, 99], [1, 2, 3, 99], [99]]);
  });

  it("leaves out the socket that is to be left out", async () => {
    const [phone, laptop] = await Promise.all([tested.join([alice]), tested.join([alice])]);
    const heard = [phone, laptop].map(({ client }) => versionsUpTo(client, 99));
    tested.delivery.emit(alice, "devices:changed", change(1), { exceptSocket: phone.socket });
    tested.delivery.emit(alice, "devices:changed", change(99));
    expect(await Promise.all(heard)).to.deep.equal([[99], [1, 99]]);
  });

  it("takes pushes to rooms where nobody is", async () => {
    tested.delivery.emit(alice, "devices:changed", change(1));
    const alone = await tested.join([alice]);
    tested.delivery.emit(alice, "devices:changed", change(2), { exceptSocket: alone.socket });
    const heard = versionsUpTo(alone.client, 3);
    tested.delivery.emit(alice, "devices:changed", change(3));
    expect(await heard).to.deep.equal([3]);
  });

  it("lets the sockets of a room into another, wherever they are, and out of it again", async () => {
    const group = groupRoom(newId<ConversationId>());
    const [near, far, other] = [
      await tested.joinHere([alice]),
      await tested.join([alice]),
      await tested.join([bob, group]),
    ];
    const last = new Map<Socket, number>();
    for (const { client } of [near, far, other]) {
      client.on("devices:changed", ({ version }: { version: number }) => last.set(client, version));
    }
    let version = 0;
    const emit = () => tested.delivery.emit(group, "devices:changed", change((version += 1)));
    tested.delivery.joinRoom(alice, group);
    await eventually(() => {
      emit();
      for (const { client } of [near, far, other]) expect(last.get(client) ?? 0).to.be.greaterThan(version - 20);
    });
    tested.delivery.leaveRoom(alice, group);
    const after = () => ({ near: last.get(near.client), far: last.get(far.client) });
    await eventually(() => {
      const [before, at] = [after(), version];
      for (let push = 0; push < 25; push += 1) emit();
      expect(last.get(other.client) ?? 0).to.be.greaterThan(at - 50);
      expect(after()).to.deep.equal(before);
      expect(Math.max(before.near!, before.far!)).to.be.lessThan(version - 50);
    });
  });

  it("closes a room's sockets with the reason: those who may come back as if the transport was lost", async () => {
    const device = deviceRoom(newId());
    const expired = await tested.join([device]);
    const left = reasonAndClose(expired.client);
    tested.delivery.closeSockets(device, { code: "token-expired" });
    expect(await left).to.deep.equal([{ code: "token-expired" }, "transport close"]);
  });

  it("closes all sockets of a room but the one that is to stay", async () => {
    const device = deviceRoom(newId());
    const [old, newer] = [await tested.join([device]), await tested.joinHere([device])];
    const left = reasonAndClose(old.client);
    tested.delivery.closeSockets(device, { code: "replaced" }, { exceptSocket: newer.socket });
    expect((await left)[0]).to.deep.equal({ code: "replaced" });
    expect(newer.client.connected).to.equal(true);
    const stays = versionsUpTo(newer.client, 1);
    tested.delivery.emit(device, "devices:changed", change(1));
    expect(await stays).to.deep.equal([1]);
  });

  it("reaches a room whose name is as long as a socket's id", async () => {
    const room = userRoom(userId.parse("fifteen-letters"));
    expect(room.trim()).to.have.length(20);
    const far = await tested.join([room]);
    const heard = versionsUpTo(far.client, 1);
    tested.delivery.emit(room, "devices:changed", change(1));
    expect(await heard).to.deep.equal([1]);
  });

  it("closes a room's sockets with the reason: those who are not to come back as a disconnect by the server", async () => {
    const device = deviceRoom(newId());
    const [revoked, other] = await Promise.all([tested.join([device, alice]), tested.join([alice])]);
    const left = reasonAndClose(revoked.client);
    tested.delivery.closeSockets(device, { code: "device-revoked" });
    expect(await left).to.deep.equal([{ code: "device-revoked" }, "io server disconnect"]);
    expect(other.client.connected).to.equal(true);
  });
}

function versionsUpTo(client: Socket, last: number): Promise<number[]> {
  const versions: number[] = [];
  return new Promise((resolve) => {
    client.on("devices:changed", ({ version }: { version: number }) => {
      versions.push(version);
      if (version === last) resolve(versions);
    });
  });
}

function reasonAndClose(client: Socket): Promise<unknown[]> {
  const told = new Promise((resolve) => client.once("session:closing", resolve));
  const gone = new Promise((resolve) => client.once("disconnect", resolve));
  return Promise.all([told, gone]);
}
