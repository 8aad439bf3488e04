import { expect } from "chai";
import { memoryStore, type ClientStore } from "../../src/client/index.ts";
import { decodeRecord, tables, type ConversationRecord } from "../../src/client/records.ts";
import { CrashingStore } from "../support/crashing-store.ts";
import { eventually } from "../support/eventually.ts";
import { enterGroup, standOf, type GroupSide } from "../support/group-sides.ts";
import { coreOf, heldGroup } from "../support/held-state.ts";
import { MaliciousNode } from "../support/malicious-node.ts";
import { People, quickTimings } from "../support/people.ts";
import { losePower } from "../support/power-loss.ts";
import { keysUsedTwice } from "../support/ratchet-keys.ts";
import { newSide, watch } from "../support/two-talking.ts";

const soon = { timeout: 10_000 };
/** Every message is preceded by a commit. */
const timings = { ...quickTimings, selfUpdateAfterMs: 0, readdEveryMs: 0 };

describe("attack 24: a crash at every point between sealing and adoption, in a group", function () {
  this.timeout(60_000);
  let node: MaliciousNode;
  let people: People;
  let disk: CrashingStore;
  /** Who loses power, and owns the group. */
  let alice: GroupSide;
  let bob: GroupSide;
  let carol: GroupSide;
  before(async () => {
    node = await MaliciousNode.start();
  });
  after(() => node.close());
  beforeEach(async () => {
    people = new People(() => node.url);
    disk = new CrashingStore(undefined, memoryStore());
    const owner = await newSide(people, "alice", { store: disk, timings });
    const others = [await newSide(people, "bob"), await newSide(people, "carol")];
    await owner.client.createGroup({ name: "Team", members: others.map(({ client }) => client.user) });
    alice = await enterGroup(owner);
    [bob, carol] = (await Promise.all(others.map(enterGroup))) as [GroupSide, GroupSide];
    await say(alice, "first");
  });
  afterEach(async () => {
    await people.close();
    expect(people.faults).to.deep.equal([]);
  });

  const say = ({ chat }: GroupSide, text: string) => chat.send(text).reached("delivered", soon);
  const start = async (store: ClientStore): Promise<void> => {
    disk = new CrashingStore(undefined, store);
    const { selfUpdateAfterMs } = coreOf(alice.client).timings;
    const client = await people.open(alice.client.user, { store: disk, timings: { ...timings, selfUpdateAfterMs } });
    const side = watch(client, disk);
    await client.connect();
    await client.sync();
    alice = await enterGroup(side);
  };

  /** Does it with the power failing at one write after the other, and again after each; ends where it needs no further write. */
  async function atEachWrite(work: (round: number) => Promise<unknown>, again: (round: number) => Promise<unknown>) {
    for (let round = 1; ; round += 1) {
      const stored = round % 2 === 0;
      disk.failAt(Math.ceil(round / 2), stored);
      const done = work(round);
      done.catch(() => undefined);
      await Promise.race([done, disk.survived]);
      const left = await disk.outcome();
      if (!left) return round - 1;
      const acked = node.requests("message:ack", alice.client.user).map(({ sequence }) => sequence);
      expect(await positionIn(left), "all that was acked is stored").to.be.at.least(Math.max(...acked));
      await losePower(node, people, alice.client);
      await start(left);
      await again(round);
    }
  }

  async function positionIn(store: ClientStore): Promise<number> {
    const opened = await store.open();
    const bytes = await opened.get(tables.conversations, alice.chat.id);
    await opened.close();
    return decodeRecord<ConversationRecord>(bytes!).position;
  }

  const textsOf = (side: GroupSide): string[] => side.texts.filter((text) => text !== "first");
  async function noKeyUsedTwice(sentBefore: number): Promise<void> {
    const sent = node.requests("message:send", alice.client.user).slice(sentBefore);
    const payloads = sent.filter(({ conversation }) => conversation === bob.chat.id).map(({ payload }) => payload);
    expect(await keysUsedTwice(payloads, await heldGroup(bob.client, bob.chat.id))).to.deep.equal([]);
  }

  it("(24) of who commits and then sends: no key used twice, nothing lost, nothing doubled", async () => {
    let sentBefore = node.requests("message:send", alice.client.user).length;
    const rounds = await atEachWrite(
      (round) => say(alice, `text ${round}`),
      async (round) => {
        const { messages } = await alice.chat.history();
        const isKnown = [...messages, ...alice.chat.unsent()].some(
          (one) => "text" in one && one.text === `text ${round}`,
        );
        if (!isKnown) await say(alice, `text ${round}`);
        for (const side of [bob, carol]) await eventually(() => expect(side.texts).to.include(`text ${round}`));
        await noKeyUsedTwice(sentBefore);
        sentBefore = node.requests("message:send", alice.client.user).length;
      },
    );
    expect(rounds).to.be.greaterThan(8);
    const all = Array.from({ length: rounds + 1 }, (_, index) => `text ${index + 1}`);
    for (const side of [bob, carol]) expect(textsOf(side)).to.deep.equal(all);
  });

  it("(24) of who follows others' commits and messages: all is shown once, and nothing is acked that is not stored", async () => {
    Reflect.set(coreOf(bob.client), "timings", timings);
    const rounds = await atEachWrite(
      async (round) => {
        await say(bob, `text ${round}`);
        await alice.chat.settled();
      },
      async (round) => {
        const isShown = async () => {
          const texts = (await alice.chat.history()).messages.map((one) => ("text" in one ? one.text : one.reason));
          expect(texts.filter((text) => text === `text ${round}`)).to.have.length(1);
        };
        await eventually(isShown);
      },
    );
    expect(rounds).to.be.greaterThan(1);
  });

  it("(24) of who changes a role, by a commit and an update: done once, and all are in one epoch", async () => {
    coreOf(alice.client).timings.selfUpdateAfterMs = coreOf(bob.client).timings.selfUpdateAfterMs;
    const other = { admin: "member", member: "admin" } as const;
    const roleOfCarol = () => bob.chat.users.find(({ user }) => user === carol.client.user)?.role as "admin" | "member";
    let next = other[roleOfCarol()];
    const rounds = await atEachWrite(
      () => alice.chat.setRole(carol.client.user, (next = other[roleOfCarol()])),
      async (round) => {
        await alice.chat.setRole(carol.client.user, next);
        await say(alice, `text ${round}`);
        expect(roleOfCarol()).to.equal(next);
      },
    );
    expect(rounds).to.be.greaterThan(4);
    expect(new Set([alice, bob, carol].map(({ chat }) => standOf(chat))).size).to.equal(1);
    for (const side of [bob, carol]) expect(textsOf(side)).to.have.length(rounds);
  });
});
