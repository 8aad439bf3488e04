import { expect } from "chai";
import { rejection } from "../contracts/client-store.contract.ts";
import { BrowserWorld, type Tab } from "../support/browser/browser-world.ts";

describe("people who write in browsers", () => {
  let world: BrowserWorld;
  let alice: Tab;
  let bob: Tab;

  before(async () => {
    world = await BrowserWorld.start();
    [alice, bob] = await Promise.all([world.device("alice"), world.device("bob")]);
  });
  after(() => world.close());

  it("send the first message, which is delivered and opened", async () => {
    expect(await alice.call("send", "bob", "hello from a page", "delivered")).to.equal("delivered");
    expect(await bob.call("heard", 1)).to.deep.equal([{ from: "alice", text: "hello from a page" }]);
  });

  it("get what was written while they were offline, and send what they wrote, once they are back", async () => {
    bob.link.takeDown();
    await bob.context.setOffline(true);
    await bob.call("state", "reconnecting");
    expect(await bob.call("send", "alice", "written offline")).to.equal("queued");
    await alice.call("send", "bob", "while you were away", "accepted");
    bob.link.restore();
    await bob.context.setOffline(false);
    expect(await bob.call("heard", 2)).to.deep.include({ from: "alice", text: "while you were away" });
    expect(await alice.call("heard", 1)).to.deep.equal([{ from: "bob", text: "written offline" }]);
    await bob.call("reached", "alice", "written offline", "delivered");
  });

  it("read on after a reload: the same device, with its history, and what was not sent yet", async () => {
    const device = await bob.call("device");
    bob.link.takeDown();
    await bob.call("state", "reconnecting");
    await bob.call("send", "alice", "written before the reload");
    await bob.page.reload();
    await alice.call("send", "bob", "during the reload", "accepted");
    await bob.call("open", await world.opening("bob", bob));
    expect(await bob.call("device")).to.equal(device);
    const before = ["hello from a page", "while you were away", "written offline"];
    expect((await bob.call("history", "alice")).sort()).to.deep.equal([...before].sort());
    bob.link.restore();
    await bob.call("connect");
    await alice.call("heard", 2);
    expect(await bob.call("heard", 1)).to.deep.equal([{ from: "alice", text: "during the reload" }]);
    await alice.call("send", "bob", "after the reload", "delivered");
  });

  it("send files as they pick them, and get them back whole, under their names", async () => {
    const file = { name: "holiday.jpg", type: "image/jpeg", bytes: 1_500_000 };
    expect(await alice.call("sendFile", "bob", file, "a photo")).to.equal(1);
    const { name, type, bytes: size } = file;
    expect(await bob.call("fetchFile", "alice", "a photo")).to.deep.equal({
      name,
      type,
      size,
      received: size,
      isWhole: true,
    });
  });

  it("form groups, and see who has got and who has read", async () => {
    const carol = await world.device("carol");
    await alice.call("createGroup", "Team", ["bob", "carol"]);
    await Promise.all([bob, carol].map(({ call }) => call("inGroup", "Team")));
    await alice.call("send", "Team", "hello all", "delivered");
    await carol.call("markRead", "Team", "hello all");
    await bob.call("markRead", "Team", "hello all");
    await alice.call("reached", "Team", "hello all", "read");
    expect((await alice.call("receipts", "Team", "hello all")).sort(byUser)).to.deep.equal([
      { user: "bob", delivered: true, read: true },
      { user: "carol", delivered: true, read: true },
    ]);
    await carol.context.close();
  });

  it("are asked for their passphrase: a wrong one opens nothing", async () => {
    const dave = await world.device("dave");
    await dave.call("close");
    const opening = await world.opening("dave", dave);
    const wrong = { ...opening, store: { ...opening.store, passphrase: "wrong horse" } };
    expect((await rejection(dave.call("open", wrong))).code).to.equal("store-unreadable");
    await dave.call("open", opening);
    await dave.context.close();
  });

  it("have one tab at a time: a second is refused, or takes over, and the first says so and ends", async () => {
    const second = await world.tab(bob);
    const opening = await world.opening("bob", bob);
    expect((await rejection(second.call("open", opening))).code).to.equal("store-locked");
    await second.call("open", { ...opening, store: { ...opening.store, whenLocked: "take-over" } });
    await bob.call("fault", "store-locked");
    await bob.call("state", "offline");
    expect((await rejection(bob.call("send", "alice", "too late"))).code).to.equal("closed");
    await second.call("connect");
    await alice.call("send", "bob", "to the second tab", "delivered");
    expect(await second.call("heard", 1)).to.deep.equal([{ from: "alice", text: "to the second tab" }]);
    expect(await second.call("send", "alice", "from the second tab", "delivered")).to.equal("delivered");
  });

  it("meet no fault that is not told of here, and nothing that nobody has caught", async () => {
    expect(await alice.call("faults")).to.deep.equal([]);
    expect(await bob.call("faults")).to.deep.equal(["store-locked"]);
    expect(world.uncaught).to.deep.equal([]);
  });
});

const byUser = (one: { user: string }, other: { user: string }): number => (one.user < other.user ? -1 : 1);
