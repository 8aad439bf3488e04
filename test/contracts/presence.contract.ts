import { expect } from "chai";
import type { Presence } from "../../src/actors/ports/presence.ts";
import { newId, userId, type DeviceId } from "../../src/protocol/ids.ts";

/** What every Presence promises. `open` gives one that knows nobody. */
export function presenceContract(
  open: () => Promise<{ presence: Presence; end(): Promise<void> | void }> | { presence: Presence; end(): void },
): void {
  let presence: Presence;
  let end: () => Promise<void> | void;
  const user = userId.parse("alice");
  const phone = { user, device: newId<DeviceId>() };
  const laptop = { user, device: newId<DeviceId>() };
  beforeEach(async () => {
    const opened = await open();
    presence = opened.presence;
    end = () => opened.end();
  });
  afterEach(() => end());

  it("knows the devices that have a socket, of those asked for", async () => {
    await presence.join({ ...phone, socket: "one" });
    await presence.join({ user: userId.parse("bob"), device: newId(), socket: "two" });
    expect([...(await presence.online([phone, laptop]))]).to.deep.equal([phone.device]);
    expect(await presence.count()).to.equal(2);
    expect((await presence.online([])).size).to.equal(0);
  });

  it("removes one socket only: a newer one of the same device stays", async () => {
    await presence.join({ ...phone, socket: "old" });
    await presence.join({ ...phone, socket: "new" });
    await presence.leave({ ...phone, socket: "old" });
    expect((await presence.online([phone])).has(phone.device)).to.equal(true);
    await presence.leave({ ...phone, socket: "new" });
    expect((await presence.online([phone])).has(phone.device)).to.equal(false);
    expect(await presence.count()).to.equal(0);
  });

  it("takes joins and leaves that come twice, or for nobody", async () => {
    await presence.join({ ...phone, socket: "one" });
    await presence.join({ ...phone, socket: "one" });
    expect(await presence.count()).to.equal(1);
    await presence.leave({ ...laptop, socket: "one" });
    await presence.leave({ ...phone, socket: "another" });
    expect(await presence.count()).to.equal(1);
  });
}
