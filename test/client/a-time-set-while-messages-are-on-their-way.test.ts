import { expect } from "chai";
import type { Client, Group } from "../../src/client/index.ts";
import { decodeRecord, tables, type DisappearingRecord } from "../../src/client/records.ts";
import { eventually } from "../support/eventually.ts";
import { groupOf, groupTalking, type GroupSide } from "../support/group-sides.ts";
import { coreOf } from "../support/held-state.ts";
import { MaliciousNode, refused } from "../support/malicious-node.ts";
import { People } from "../support/people.ts";
import { messageOf } from "../support/shown.ts";

const soon = { timeout: 60_000 };

describe("a time that a group sets for its messages while some are on their way", function () {
  this.timeout(120_000);
  let node: MaliciousNode;
  let people: People;
  let alice: GroupSide;
  let bob: GroupSide;
  beforeEach(async () => {
    node = await MaliciousNode.start();
    people = new People(() => node.url);
    [alice, bob] = (await groupTalking(people, ["alice", "bob"])) as [GroupSide, GroupSide];
  });
  afterEach(async () => {
    node.behave();
    await people.close();
    await node.close();
    expect(people.faults).to.deep.equal([]);
  });

  const timesOn = async (client: Client): Promise<number[]> =>
    (await coreOf(client).store.list(tables.disappearing)).map(
      ({ bytes }) => decodeRecord<DisappearingRecord>(bytes).seconds,
    );
  /** What a device that is added later shows, of edits no more than that there was something; and that nothing it holds has these words. */
  async function laterDevice(words: string): Promise<string[]> {
    const later = await people.linked(alice.client);
    const chat = await groupOf(later);
    const shown = (await chat.history()).messages.map((one) => ("reason" in one ? `(${one.reason})` : one.text));
    expect(await later.search(words)).to.deep.equal([]);
    return shown;
  }
  const setTo = async (chat: Group, seconds: number): Promise<void> => {
    await chat.setDisappearing(seconds);
    await eventually(() => expect(bob.chat.disappearing).to.equal(seconds));
  };
  /** Bob's next message is sealed, and the node has not seen it before this is called. */
  function holdBob(): (answer: "forward" | "refuse") => void {
    let decide = (_: "forward" | "refuse"): void => undefined;
    const decided = new Promise<"forward" | "refuse">((resolve) => (decide = resolve));
    let isFirst = true;
    node.answer("message:send", async ({ user, forward }) => {
      if (user !== bob.client.user || !isFirst) return forward();
      const answer = await decided;
      isFirst = false;
      return answer === "forward" ? forward() : refused("stale-epoch");
    });
    return decide;
  }
  const sealed = async (): Promise<void> => {
    await eventually(() => expect(node.requests("message:send", bob.client.user)).to.have.length(1));
  };

  it("does not shorten, nor lengthen, what was sealed before it: that lasts as it says, for its sender as for the others, now and later", async () => {
    let decide = holdBob();
    const stays = bob.chat.send("sealed before");
    await sealed();
    await setTo(alice.chat, 60);
    decide("forward");
    await stays.reached("delivered", soon);
    expect(await Promise.all([alice, bob].map(({ client }) => timesOn(client)))).to.deep.equal([[], []]);
    expect(await laterDevice("nothing")).to.deep.equal(["first", "sealed before"]);

    node.exchanges.length = 0;
    decide = holdBob();
    const lasts = bob.chat.send("for a minute");
    await sealed();
    await setTo(alice.chat, 3600);
    decide("forward");
    await lasts.reached("delivered", soon);
    expect(await Promise.all([alice, bob].map(({ client }) => timesOn(client)))).to.deep.equal([[60], [60]]);
  });

  it("counts for what was written before and is sealed after it, which then says so, and for its edits", async () => {
    people.forget(bob.client);
    await bob.client.close();
    const offline = await people.open(bob.client.user, { store: bob.store });
    const chat = await groupOf(offline);
    const message = chat.send("written before");
    await chat.edit(message, "edited before");
    expect(message.expiresIn).to.equal(undefined);
    await alice.chat.setDisappearing(60);
    await offline.connect();
    await message.reached("delivered", soon);
    const theirs = await eventually(() => messageOf(alice.chat, "edited before"));
    await eventually(() => expect([message.expiresIn, theirs.expiresIn]).to.deep.equal([60, 60]));
    expect(await Promise.all([alice.client, offline].map(timesOn))).to.deep.equal([[60], [60]]);
    expect(await laterDevice("edited")).to.deep.equal(["first", "(not-kept)", "(not-kept)"]);
  });

  it("counts for what is sealed anew after it, though that says nothing of it, and for its edits", async () => {
    const decide = holdBob();
    const message = bob.chat.send("sealed twice");
    await sealed();
    await setTo(alice.chat, 60);
    decide("refuse");
    await message.reached("delivered", soon);
    expect(await Promise.all([alice, bob].map(({ client }) => timesOn(client)))).to.deep.equal([[60], [60]]);
    await bob.chat.edit(message, "edited after");
    await eventually(() => messageOf(alice.chat, "edited after"));
    expect(await laterDevice("edited")).to.deep.equal(["first", "(not-kept)", "(not-kept)"]);
  });
});
