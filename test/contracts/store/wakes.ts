import { expect } from "chai";
import type { UserId } from "../../../src/protocol/ids.ts";
import { eventually } from "../../support/eventually.ts";
import {
  ackBy,
  addDevice,
  commitBy,
  foundDirect,
  messageBy,
  newUser,
  revokeDevice,
} from "../../support/store/store-kit.ts";
import type { StorePair } from "./store-pair.ts";

const dayMs = 24 * 60 * 60_000;
const quietMs = 30_000;

export function describeWakes(stores: () => StorePair): void {
  /** What is due at a time, of these users. */
  async function dueAt(now: number, users: readonly UserId[], leaseMs = 1) {
    const wakes = await stores().one.leaseDueWakes(now, 100_000, leaseMs);
    return wakes.filter(({ user }) => users.includes(user));
  }

  describe("a conversation that is due", () => {
    it("names who waits for a message of somebody else, until one of their devices has acked it", async () => {
      const { one, other } = stores();
      const { conversation, alice, bob } = await foundDirect(one);
      const waiting = async () => {
        const { due } = await other.leaseDueConversations(Date.now() + dayMs, 100_000, 1);
        return due.find((each) => each.conversation === conversation)?.waiting;
      };
      expect(await waiting(), "a commit is nobody's message").to.deep.equal([]);
      const [accepted] = await one.acceptMessages(conversation, [messageBy(conversation, alice, 1)]);
      const newestAt = accepted?.status === "accepted" ? accepted.acceptedAt : undefined;
      expect(await waiting()).to.deep.equal([{ user: bob.user, newestAt }]);
      await eventually(async () => expect(await one.clock()).to.be.greaterThan(newestAt! + 5));
      const update = commitBy(conversation, alice, 1, { leaves: [alice.device, bob.device] });
      expect(await one.acceptCommit(update)).to.include({ status: "accepted" });
      expect(await waiting(), "a commit makes it no newer").to.deep.equal([{ user: bob.user, newestAt }]);
      await one.advancePositions([ackBy(conversation, bob, 2)]);
      expect(await waiting()).to.deep.equal([]);
    });

    it("stays due for a message that is accepted while it is decided that nobody lags", async () => {
      const { one, other } = stores();
      const { conversation, alice, bob } = await foundDirect(one);
      for (let number = 1; number <= 30; number += 1) {
        const head = number + 1;
        await one.advancePositions([ackBy(conversation, bob, head - 1), ackBy(conversation, alice, head - 1)]);
        // Nobody lags: the sweep clears the row, while a message comes in through another instance.
        const [, [accepted]] = await Promise.all([
          one.leaseDueConversations(Date.now() + dayMs, 100_000, 1),
          other.acceptMessages(conversation, [messageBy(conversation, alice, number)]),
        ]);
        expect(accepted).to.include({ status: "accepted", sequence: head });
        const { due } = await one.leaseDueConversations(Date.now() + 2 * dayMs, 100_000, 1);
        const waiting = due.find((each) => each.conversation === conversation)?.waiting;
        expect(
          waiting?.map(({ user }) => user),
          `message ${number}`,
        ).to.deep.equal([bob.user]);
      }
    });
  });

  describe("the schedule of pushes", () => {
    it("begins with the first message, and anew with a newer one, but not before the quiet time after a push", async () => {
      const { one, other } = stores();
      const user = newUser();
      await one.noteWaiting([{ user, newestAt: 1000 }], 5000, quietMs);
      expect(await dueAt(4999, [user])).to.deep.equal([]);
      const [wake] = await dueAt(5000, [user]);
      expect(wake).to.deep.equal({ user, attempt: 0, newestAt: 1000, waits: false });
      await other.concludeWake(wake!, { kind: "pushed", nextAt: 65_000, quietUntil: 35_000, now: 5000 });
      await one.noteWaiting([{ user, newestAt: 1000 }], 6000, quietMs);
      expect(await dueAt(64_999, [user]), "nothing new").to.deep.equal([]);
      expect(await dueAt(65_000, [user])).to.have.nested.property("[0].attempt", 1);
      await one.noteWaiting([{ user, newestAt: 2000 }], 7000, quietMs);
      expect(await dueAt(34_999, [user]), "quiet").to.deep.equal([]);
      expect(await dueAt(35_000, [user])).to.deep.equal([{ user, attempt: 0, newestAt: 2000, waits: false }]);
    });

    it("counts a push once that is told of twice, and keeps quiet after it for what came meanwhile", async () => {
      const { one, other } = stores();
      const user = newUser();
      await one.noteWaiting([{ user, newestAt: 1000 }], 1000, quietMs);
      const [wake] = await dueAt(1000, [user]);
      const pushed = { kind: "pushed" as const, nextAt: 61_000, quietUntil: 31_000, now: 1000 };
      await one.concludeWake(wake!, pushed);
      await other.concludeWake(wake!, pushed);
      const [second] = await dueAt(61_000, [user]);
      expect(second).to.include({ attempt: 1 });
      await one.noteWaiting([{ user, newestAt: 2000 }], 61_500, quietMs);
      await one.concludeWake(second!, { ...pushed, nextAt: 181_000, quietUntil: 91_000, now: 61_000 });
      expect(await dueAt(90_999, [user]), "quiet").to.deep.equal([]);
      expect(await dueAt(91_000, [user])).to.have.nested.property("[0].attempt", 0);
    });

    it("is leased to one sweeper", async () => {
      const { one, other } = stores();
      const users = Array.from({ length: 50 }, () => newUser());
      await one.noteWaiting(
        users.map((user) => ({ user, newestAt: 1000 })),
        1000,
        quietMs,
      );
      const leases = await Promise.all([one, other].map((store) => store.leaseDueWakes(2000, 100_000, 60_000)));
      const leased = leases.flat().flatMap(({ user }) => (users.includes(user) ? [user] : []));
      expect(leased.toSorted()).to.deep.equal(users.toSorted());
      expect(await dueAt(61_999, users)).to.deep.equal([]);
      expect(await dueAt(62_000, users)).to.have.length(50);
    });

    it("ends when nothing waits, unless something newer has come; and is put off without a push", async () => {
      const { one } = stores();
      const user = newUser();
      await one.noteWaiting([{ user, newestAt: 1000 }], 1000, quietMs);
      const [wake] = await dueAt(1000, [user]);
      await one.noteWaiting([{ user, newestAt: 2000 }], 1500, quietMs);
      await one.concludeWake(wake!, { kind: "done" });
      const [newer] = await dueAt(1500, [user]);
      expect(newer).to.include({ newestAt: 2000, attempt: 0 });
      await one.concludeWake(newer!, { kind: "postponed", nextAt: 9000 });
      expect(await dueAt(8999, [user])).to.deep.equal([]);
      expect(await dueAt(9000, [user])).to.have.nested.property("[0].attempt", 0);
      await one.concludeWake(newer!, { kind: "done" });
      expect(await dueAt(Number.MAX_SAFE_INTEGER - 10, [user])).to.deep.equal([]);
      expect(await one.readWake(user)).to.equal(undefined);
    });

    it("knows whether a message still waits", async () => {
      const { one, other } = stores();
      const { conversation, alice, bob } = await foundDirect(one);
      await one.acceptMessages(conversation, [messageBy(conversation, alice, 1)]);
      await one.noteWaiting(
        [alice, bob].map(({ user }) => ({ user, newestAt: 1000 })),
        1000,
        quietMs,
      );
      const waits = async (user: UserId) => (await other.readWake(user))?.waits;
      expect([await waits(alice.user), await waits(bob.user)]).to.deep.equal([false, true]);
      await one.advancePositions([ackBy(conversation, bob, 2)]);
      expect(await waits(bob.user)).to.equal(false);
    });
  });

  describe("a push subscription", () => {
    const place = { endpoint: "https://push.example/one" };

    it("is one for each device, the latest, until it is given up or the device is revoked", async () => {
      const { one, other } = stores();
      const phone = await addDevice(one, newUser());
      const tablet = await addDevice(one, phone.user);
      expect(await one.putPushSubscription({ ...phone, ...place })).to.equal("stored");
      expect(await other.putPushSubscription({ ...phone, endpoint: "https://push.example/two" })).to.equal("stored");
      expect(await one.putPushSubscription({ ...tablet, ...place })).to.equal("stored");
      const endpoints = async () => (await one.readPushSubscriptions(phone.user)).map(({ endpoint }) => endpoint);
      expect((await endpoints()).toSorted()).to.deep.equal(["https://push.example/one", "https://push.example/two"]);
      await one.deletePushSubscription(phone.device);
      await revokeDevice(one, tablet);
      expect(await endpoints()).to.deep.equal([]);
      expect(await one.putPushSubscription({ ...tablet, ...place })).to.equal("device-revoked");
    });

    it("that is found to be gone takes none with it that came in its place", async () => {
      const { one, other } = stores();
      const phone = await addDevice(one, newUser());
      await one.putPushSubscription({ ...phone, endpoint: "https://push.example/NEW" });
      await other.deletePushSubscription(phone.device, "https://push.example/new");
      expect(await one.readPushSubscriptions(phone.user)).to.deep.equal([
        { ...phone, endpoint: "https://push.example/NEW" },
      ]);
      await other.deletePushSubscription(phone.device, "https://push.example/NEW");
      expect(await one.readPushSubscriptions(phone.user)).to.deep.equal([]);
    });
  });

  describe("a sweep's turn", () => {
    it("is one caller's, whoever asks, until its time has come again", async () => {
      const { one, other } = stores();
      const name = newUser("sweep");
      const claim = (now: number) => Promise.all([one, other].map((store) => store.claimSweep(name, 1000, now)));
      const count = async (now: number) => (await claim(now)).filter(Boolean).length;
      expect(await count(5000)).to.equal(1);
      expect(await count(5999)).to.equal(0);
      expect(await count(6000)).to.equal(1);
      expect(await count(100), "the clock went back").to.equal(1);
      expect((await stores().other.readSweeps()).filter((sweep) => sweep.name === name)).to.deep.equal([
        { name, ranAt: 100 },
      ]);
    });
  });
}
