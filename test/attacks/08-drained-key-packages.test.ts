import { expect } from "chai";
import { inspectCommit } from "../../src/identity/handshake.ts";
import { fromBase64 } from "../../src/protocol/base64.ts";
import { eventually } from "../support/eventually.ts";
import { enterGroup, groupTalking, type GroupSide } from "../support/group-sides.ts";
import { heldRecord } from "../support/held-state.ts";
import { MaliciousNode, dataOf, ok } from "../support/malicious-node.ts";
import { People } from "../support/people.ts";
import { newSide, type Side } from "../support/two-talking.ts";

const patienceMs = 20_000;

describe("attack 8: key packages are drained, so that somebody is added to a group by the last resort", function () {
  this.timeout(120_000);
  let node: MaliciousNode;
  let people: People;
  let alice: GroupSide;
  let bob: GroupSide;
  let dave: Side;
  before(async () => {
    node = await MaliciousNode.start();
  });
  after(() => node.close());
  beforeEach(async () => {
    people = new People(() => node.url);
    [alice, bob] = (await groupTalking(people, ["alice", "bob"])) as [GroupSide, GroupSide];
    dave = await newSide(people, "dave");
  });
  afterEach(async () => {
    node.behave();
    await people.close();
  });

  /** Takes key packages of dave's device in alice's name until the last resort comes. */
  async function drain(): Promise<void> {
    const { user, device } = dave.client;
    for (;;) {
      const request = { suite: 84, devices: [{ user, device }], conversation: alice.chat.id };
      const { packages } = dataOf(await node.linesOf(alice.client.user)[0]!.ask("keypackages:claim", request));
      if (packages[0]?.lastResort) return;
    }
  }

  /** Whether the commits that dave's device has sent bring new keys of its own, one by one. */
  async function bringsKeys(): Promise<boolean[]> {
    const commits = node
      .requests("conversation:commit", dave.client.user)
      .filter(({ conversation }) => conversation === alice.chat.id);
    const inspected = await Promise.all(commits.map(({ commit }) => inspectCommit(fromBase64(commit))));
    return inspected.map(({ pathLeaf }) => pathLeaf !== undefined);
  }

  /** What dave writes first comes after keys that no last resort has to do with, and everybody reads it. */
  async function writesUnderNewKeys(joined: GroupSide): Promise<void> {
    await joined.chat.send("my first").reached("delivered", { timeout: patienceMs });
    for (const side of [alice, bob]) expect(side.texts.at(-1)).to.equal("my first");
    const commits = node.requests("conversation:commit", dave.client.user).map(({ epoch }) => epoch);
    const [message] = node.requests("message:send", dave.client.user);
    expect(message!.epoch).to.be.greaterThan(Math.max(...commits));
    expect((await bringsKeys()).at(-1)).to.equal(true);
    expect((await heldRecord(joined.client, joined.chat.id)).mustSelfUpdate).to.equal(false);
  }

  it("(8) who joins by the last resort brings new keys before its first message", async () => {
    await drain();
    await alice.chat.add(dave.client.user);
    const joined = await enterGroup(dave);
    expect((await heldRecord(dave.client, joined.chat.id)).mustSelfUpdate).to.equal(true);
    expect(await bringsKeys()).to.deep.equal([]);
    await writesUnderNewKeys(joined);
    expect(people.faults).to.deep.equal([]);
  });

  it("(8) also where its first change of the group is another one, which brings none", async () => {
    const tablet = await people.linked(dave.client);
    const hidden = node.answer("keypackages:claim", async ({ user, forward }) => {
      const { packages } = dataOf(await forward());
      const shown = packages.filter(({ device }) => user === dave.client.user || device !== tablet.device);
      return ok<"keypackages:claim">({ packages: shown });
    });
    await drain();
    await alice.chat.add(dave.client.user);
    const joined = await enterGroup(dave);
    await eventually(
      () => expect(joined.chat.members.map(({ device }) => device)).to.include(tablet.device),
      patienceMs,
    );
    hidden();
    expect(await bringsKeys()).to.deep.equal([false]);
    await writesUnderNewKeys(joined);
    expect(people.faults).to.deep.equal([]);
  });
});
