import { expect } from "chai";
import { Contacts } from "../../src/actors/contacts.ts";
import { userId, type UserId } from "../../src/protocol/ids.ts";
import { refusal } from "../support/refusal.ts";

const [alice, bob, mallory] = ["alice", "bob", "mallory"].map((name) => userId.parse(name)) as [UserId, UserId, UserId];

function setUp() {
  const asked: string[] = [];
  const clock = { now: 0 };
  const store: ConstructorParameters<typeof Contacts>[0] = {
    // Bob is not among the peers that fit on the list.
    findConversation: () => Promise.resolve(undefined),
    listPeers: () => Promise.resolve([]),
    shareConversation: (a, b) => {
      asked.push([a, b].sort().join(" "));
      return Promise.resolve([a, b].sort().join(" ") === "alice bob");
    },
  };
  return { contacts: new Contacts(store, () => clock.now), asked, clock };
}

describe("who has to do with whom", () => {
  it("knows a contact however many others there are, and asks once", async () => {
    const { contacts, asked } = setUp();
    await contacts.require(alice, [bob, alice]);
    await contacts.require(bob, [alice]);
    expect(asked).to.deep.equal(["alice bob"]);
  });

  it("asks again after a minute: they may have shared a group that one of them has left", async () => {
    const { contacts, asked, clock } = setUp();
    await contacts.require(alice, [bob]);
    clock.now += 59_000;
    await contacts.require(alice, [bob]);
    expect(asked).to.have.length(1);
    clock.now += 1_000;
    await contacts.require(alice, [bob]);
    expect(asked).to.have.length(2);
  });

  it("knows no strangers, and asks again: they may have met", async () => {
    const { contacts, asked } = setUp();
    for (let turn = 0; turn < 2; turn += 1) await refusal(contacts.require(alice, [mallory]), "forbidden");
    expect(asked).to.deep.equal(["alice mallory", "alice mallory"]);
  });
});
