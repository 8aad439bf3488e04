import { expect } from "chai";
import { initializeEpoch } from "ts-mls/keySchedule.js";
import { mlsGroupEngine as engine } from "../../src/crypto/mls-group-engine.ts";
import { toMlsGroup } from "../../src/crypto/mls/mls-group.ts";
import type { Group } from "../../src/crypto/group-engine.ts";
import { trueLog } from "../support/deceived-group.ts";
import { bothSuites, type Seat } from "../support/direct-group.ts";
import { groupTalking, type GroupSide } from "../support/group-sides.ts";
import { coreOf } from "../support/held-state.ts";
import { MaliciousNode } from "../support/malicious-node.ts";
import { pathSecretsOpenedBy } from "../support/path-secrets.ts";
import { People } from "../support/people.ts";
import { refusal } from "../support/refusal.ts";
import { RoleGroup } from "../support/role-group.ts";
import { StolenState } from "../support/stolen-state.ts";

const soon = { timeout: 10_000 };

/**
 * What holds: a copy of a device's store reads whatever its device reads, and follows the commits of all others, until the copied device
 * itself renews its keys. From the epoch on that this one commit begins, the copy opens nothing, and follows nothing.
 * What does not: history that is kept. Its key is renewed with the roster, not with a device's keys.
 */
describe("attack 6: a cloned ratchet state reads on", function () {
  this.timeout(20_000);
  let node: MaliciousNode;
  let people: People;
  let alice: GroupSide;
  let bob: GroupSide;
  let carol: GroupSide;
  /** Of bob's device. */
  let stolen: StolenState;
  let from: number;
  before(async () => {
    node = await MaliciousNode.start();
  });
  after(() => node.close());
  beforeEach(() => {
    people = new People(() => node.url);
  });
  afterEach(async () => {
    await people.close();
    expect(people.faults).to.deep.equal([]);
  });

  async function steal(history: "kept" | "off"): Promise<void> {
    const sides = await groupTalking(people, ["alice", "bob", "carol"], { history });
    [alice, bob, carol] = sides as [GroupSide, GroupSide, GroupSide];
    await allSay("before");
    await Promise.all(sides.map(({ chat }) => chat.settled()));
    stolen = await StolenState.of(bob.client, bob.chat.id);
    from = (await trueLog(node, alice)).at(-1)!.sequence;
  }

  const say = ({ chat }: GroupSide, text: string) => chat.send(text).reached("delivered", soon);

  async function allSay(text: string): Promise<void> {
    for (const side of [alice, bob, carol]) await say(side, `${text}, by ${side.client.user.split("-")[0]!}`);
  }

  /** The keys of this side's device are renewed, before it says something. */
  async function renew(side: GroupSide): Promise<void> {
    const { timings } = coreOf(side.client);
    const { selfUpdateAfterMs } = timings;
    const commits = () => node.requests("conversation:commit", side.client.user).length;
    const before = commits();
    timings.selfUpdateAfterMs = -1;
    await say(side, "renewed");
    timings.selfUpdateAfterMs = selfUpdateAfterMs;
    expect(commits()).to.equal(before + 1);
  }

  /** What the thief reads of all that was said since. */
  async function readByTheThief(): Promise<string[]> {
    const entries = await trueLog(node, alice, from);
    from = entries.at(-1)!.sequence;
    return stolen.read(entries);
  }

  const byAll = (text: string): string[] => ["alice", "bob", "carol"].map((name) => `${text}, by ${name}`);

  it("(6) reads all as long as its device does not renew its keys, whoever else does", async () => {
    await steal("off");
    await allSay("one");
    expect(await readByTheThief()).to.deep.equal(byAll("one"));
    await renew(alice);
    await renew(carol);
    await allSay("two");
    expect(await readByTheThief()).to.deep.equal(["renewed", "renewed", ...byAll("two")]);
  });

  it("(6) reads nothing that was sealed after its device has renewed its keys once, whatever comes then", async () => {
    await steal("off");
    await allSay("one");
    await renew(bob);
    await allSay("two");
    expect(await readByTheThief(), "no further than that commit").to.deep.equal(byAll("one"));
    const { epoch } = stolen;
    await renew(alice);
    await renew(carol);
    await allSay("three");
    expect(await readByTheThief()).to.deep.equal([]);
    expect(stolen.epoch).to.equal(epoch);
  });

  it("(6) and goes on reading where history is kept: its device has to be revoked", async () => {
    await steal("kept");
    await renew(bob);
    await allSay("one");
    expect(await readByTheThief()).to.deep.equal(["renewed", ...byAll("one")]);
  });
});

for (const suite of bothSuites) {
  describe(`attack 6: what a cloned state has of the epochs that follow, suite ${suite}`, () => {
    let group: RoleGroup;
    let bob: Seat;
    let clone: Group;
    beforeEach(async () => {
      group = await RoleGroup.of(suite, { alice: 2, bob: 2, carol: 2 });
      // Every node of the tree has keys, and the clone those above its leaf.
      for (const seat of group.seats.slice()) await group.commit(seat, {});
      bob = group.seat("bob");
      clone = await engine.decodeGroup(engine.encodeGroup(bob.group), bob.identity);
    });

    const secretsOf = (of: Group): string[] => Object.values(toMlsGroup(of).state.keySchedule).map((key) => key.join());

    it("(6) others' commits are sealed to its keys too: it has each epoch that they begin", async () => {
      for (const name of ["alice", "carol"]) {
        const before = clone;
        const commit = await group.commit(group.seat(name), {});
        expect(await pathSecretsOpenedBy(before, commit, bob.group)).to.equal(1);
        clone = (await engine.applyCommit(clone, commit, group.policy)).group;
        expect(secretsOf(clone)).to.deep.equal(secretsOf(bob.group));
      }
    });

    it("(6) its device's commit is sealed to none of its keys: it has no secret of that epoch, nor of any after", async () => {
      const other = group.seat("alice").group;
      const update = await group.commit(bob, {});
      expect(await pathSecretsOpenedBy(clone, update, bob.group)).to.equal(0);
      expect(await pathSecretsOpenedBy(other, update, bob.group), "as any other member does").to.equal(1);
      await refusal(engine.applyCommit(clone, update, group.policy), "commit-invalid");
      const { state, primitives } = toMlsGroup(clone);
      const { groupContext } = toMlsGroup(bob.group).state;
      const zeros = new Uint8Array(primitives.kdf.size);
      const guess = await initializeEpoch(state.keySchedule.initSecret, zeros, groupContext, zeros, primitives.kdf);
      const known = [...secretsOf(clone), ...Object.values(guess.keySchedule).map((key) => key.join())];
      for (const name of ["alice", "carol", "bob"]) {
        expect(secretsOf(bob.group).filter((secret) => known.includes(secret))).to.deep.equal([]);
        for (const sender of group.seats) {
          const sealed = await engine.seal(sender.group, Uint8Array.of(1), new Uint8Array());
          await refusal(engine.open(clone, sealed.ciphertext), "undecryptable");
        }
        const before = bob.group;
        const commit = await group.commit(group.seat(name), {});
        if (name !== "bob") expect(await pathSecretsOpenedBy(before, commit, bob.group)).to.equal(1);
        expect(await pathSecretsOpenedBy(clone, commit, bob.group)).to.equal(0);
      }
    });
  });
}
