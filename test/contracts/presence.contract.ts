import { expect } from "chai";
import type { Presence, PresenceStatus } from "../../src/actors/ports/presence.ts";
import { newId, userId, type DeviceId } from "../../src/protocol/ids.ts";
import { eventually } from "../support/eventually.ts";

/** Two nodes' presence, or twice the same where there is one node; with a grace of `graceMs`. Nobody is there yet. */
export interface PresenceUnderTest {
  one: Presence;
  other: Presence;
  end(): Promise<void> | void;
}

/** Longer than a machine has no time for a test that comes back within it. */
export const graceMs = 1000;

/** What every Presence promises. */
export function presenceContract(open: () => Promise<PresenceUnderTest> | PresenceUnderTest): void {
  let tested: PresenceUnderTest;
  const user = userId.parse("alice");
  const bob = userId.parse("bob");
  const phone = { user, device: newId<DeviceId>() };
  const laptop = { user, device: newId<DeviceId>() };
  beforeEach(async () => {
    tested = await open();
  });
  afterEach(() => tested.end());

  const isOnline = async (presence: Presence) => (await presence.statusOf([user]))[0]!.online;
  const hasSocket = async (device: typeof phone) => (await tested.other.online([device])).has(device.device);

  it("knows the devices that have a socket, of those asked for, on any node", async () => {
    await tested.one.join({ ...phone, socket: "one" });
    await tested.other.join({ user: bob, device: newId(), socket: "two" });
    for (const presence of [tested.one, tested.other]) {
      expect([...(await presence.online([phone, laptop]))]).to.deep.equal([phone.device]);
      expect((await presence.online([])).size).to.equal(0);
    }
  });

  it("removes one socket only: a newer one of the same device stays, whichever node it came to", async () => {
    await tested.one.join({ ...phone, socket: "old" });
    await tested.other.join({ ...phone, socket: "new" });
    await tested.one.leave({ ...phone, socket: "old" }, "left");
    expect(await hasSocket(phone)).to.equal(true);
    await tested.other.leave({ ...phone, socket: "new" }, "left");
    expect(await hasSocket(phone)).to.equal(false);
    expect(tested.one.count() + tested.other.count()).to.equal(0);
  });

  it("takes joins and leaves that come twice, or for nobody", async () => {
    await tested.one.join({ ...phone, socket: "one" });
    await tested.one.join({ ...phone, socket: "one" });
    expect(tested.one.count()).to.equal(1);
    await tested.one.leave({ ...laptop, socket: "two" }, "left");
    await tested.one.leave({ ...phone, socket: "another" }, "lost");
    expect(tested.one.count()).to.equal(1);
    expect(await hasSocket(phone)).to.equal(true);
  });

  it("shows a user as online until the last device has left, and since when they are gone", async () => {
    const before = Date.now();
    expect(await tested.one.statusOf([user, bob])).to.deep.equal([
      { user, online: false, lastSeen: null },
      { user: bob, online: false, lastSeen: null },
    ]);
    await tested.one.join({ ...phone, socket: "one" });
    await tested.other.join({ ...laptop, socket: "two" });
    await tested.one.leave({ ...phone, socket: "one" }, "left");
    expect(await tested.one.statusOf([user])).to.deep.equal([{ user, online: true, lastSeen: null }]);
    await tested.other.leave({ ...laptop, socket: "two" }, "left");
    const [status] = await tested.one.statusOf([user]);
    expect(status).to.include({ user, online: false });
    expect(status!.lastSeen).to.be.within(before - 1000, Date.now() + 1000);
  });

  it("shows a lost line after a grace, and not at all when the device comes back within it", async () => {
    await tested.one.join({ ...phone, socket: "one" });
    await tested.one.leave({ ...phone, socket: "one" }, "lost");
    expect(await hasSocket(phone), "nobody to ring").to.equal(false);
    expect(await isOnline(tested.other)).to.equal(true);
    await tested.other.join({ ...phone, socket: "two" });
    await new Promise((resolve) => setTimeout(resolve, graceMs + 50));
    await tested.one.reap();
    expect(await isOnline(tested.one)).to.equal(true);
    await tested.other.leave({ ...phone, socket: "two" }, "lost");
    await eventually(async () => expect(await isOnline(tested.one)).to.equal(false));
  });

  it("remembers when the last line was lost, not when that was noticed", async () => {
    await tested.one.join({ ...phone, socket: "one" });
    await tested.other.join({ ...laptop, socket: "two" });
    const before = Date.now();
    await tested.one.leave({ ...phone, socket: "one" }, "lost");
    await new Promise((resolve) => setTimeout(resolve, 100));
    await tested.other.leave({ ...laptop, socket: "two" }, "left");
    const after = Date.now();
    const status = await eventually(async () => {
      const [now] = await tested.one.statusOf([user]);
      expect(now!.online).to.equal(false);
      return now!;
    });
    expect(Date.now()).to.be.greaterThan(before + graceMs - 20);
    // The laptop's leave came last, though the phone's grace ended later.
    expect(status.lastSeen).to.be.within(before + 80, after + 20);
    await tested.one.reap();
    expect(await tested.other.statusOf([user])).to.deep.equal([status]);
  });

  it("tells who watches of each change once, and nobody else of anything", async () => {
    const heard: PresenceStatus[] = [];
    const unasked: PresenceStatus[] = [];
    tested.one.onChange((status) => heard.push(status));
    if (tested.other !== tested.one) tested.other.onChange((status) => unasked.push(status));
    tested.one.watch([user]);
    const changes = async (count: number) => {
      await eventually(() => expect(heard).to.have.length(count));
      return heard.at(-1)!;
    };
    await eventually(async () => {
      await tested.other.join({ ...phone, socket: "one" });
      expect(heard.length).to.be.greaterThan(0);
    });
    heard.length = 1;
    expect(heard[0]).to.deep.equal({ user, online: true, lastSeen: null });
    await tested.other.join({ ...laptop, socket: "two" });
    await tested.other.join({ user: bob, device: newId(), socket: "three" });
    await tested.other.leave({ ...laptop, socket: "two" }, "left");
    await tested.other.leave({ ...phone, socket: "one" }, "lost");
    await eventually(async () => {
      await tested.other.reap();
      expect(heard.length).to.equal(2);
    });
    expect(await changes(2)).to.include({ user, online: false });
    tested.one.unwatch([user]);
    await tested.other.join({ ...phone, socket: "four" });
    await eventually(async () => expect(await isOnline(tested.one)).to.equal(true));
    expect(heard).to.have.length(2);
    expect(unasked).to.deep.equal([]);
  });
}
