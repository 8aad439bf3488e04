import { expect } from "chai";
import { LoneDevices } from "../../src/actors/lone-devices.ts";
import type { ConversationRow } from "../../src/actors/ports/store-conversations.ts";
import type { DeviceRow } from "../../src/actors/ports/store-devices.ts";
import { newId, userId, type ConversationId, type DeviceId } from "../../src/protocol/ids.ts";

const [alice, bob] = ["alice", "bob"].map((name) => userId.parse(name)) as [DeviceRow["user"], DeviceRow["user"]];
const conversation = newId<ConversationId>();
const [phone, tablet, bobs] = [newId<DeviceId>(), newId<DeviceId>(), newId<DeviceId>()];
const userOf = new Map([
  [phone, alice],
  [tablet, alice],
  [bobs, bob],
]);

/** A store with one conversation, and how often it was asked for it. */
function stage(leaves: (DeviceId | null)[]) {
  const row = { conversation, generation: 1, epoch: 3, rosterEpoch: 2, leaves } as ConversationRow;
  const asked = { times: 0, fails: false };
  const devices = new LoneDevices({
    findConversation: () => {
      asked.times += 1;
      return asked.fails ? Promise.reject(new Error("away")) : Promise.resolve(row);
    },
    findDevice: (device) => Promise.resolve({ user: userOf.get(device)! } as DeviceRow),
  });
  const isAlone = (user = alice, epoch = 3, generation = 1) =>
    devices.isAlone(user, { conversation, generation, epoch });
  /** Asks, and waits until the store has answered. */
  const learn = async (epoch = 3) => {
    isAlone(alice, epoch);
    await new Promise((resolve) => setImmediate(resolve));
  };
  return { row, asked, isAlone, learn };
}

describe("a user's only device in a conversation", () => {
  it("is known from the second question on", async () => {
    const { isAlone, learn } = stage([phone, null, bobs]);
    expect(isAlone()).to.equal(false);
    await learn();
    expect([isAlone(alice), isAlone(bob)]).to.deep.equal([true, true]);
  });

  it("is not alone beside another of the same user", async () => {
    const { isAlone, learn } = stage([phone, tablet, bobs]);
    await learn();
    expect([isAlone(alice), isAlone(bob)]).to.deep.equal([false, true]);
  });

  it("is known for the epochs in which the group had these members, and no others", async () => {
    const { isAlone, learn, row } = stage([phone, bobs]);
    await learn();
    expect([isAlone(alice, 2), isAlone(alice, 1), isAlone(alice, 3, 2)]).to.deep.equal([true, false, false]);
    Object.assign(row, { epoch: 4, rosterEpoch: 4, leaves: [phone, bobs, tablet] });
    expect(isAlone(alice, 4)).to.equal(false);
    await learn(4);
    expect([isAlone(alice, 4), isAlone(bob, 4)]).to.deep.equal([false, true]);
  });

  it("is looked up again where the store did not answer", async () => {
    const { isAlone, learn, asked } = stage([phone, bobs]);
    asked.fails = true;
    await learn();
    expect(isAlone()).to.equal(false);
    await learn();
    asked.fails = false;
    await learn();
    expect(isAlone()).to.equal(true);
  });
});
