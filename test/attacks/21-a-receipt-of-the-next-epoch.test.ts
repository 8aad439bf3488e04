import { expect } from "chai";
import type { LogEntry } from "../../src/protocol/log-entry.ts";
import { eventually } from "../support/eventually.ts";
import { MaliciousNode, ok } from "../support/malicious-node.ts";
import { People } from "../support/people.ts";
import { twoTalking, type Side } from "../support/two-talking.ts";

describe("attack 21: a receipt of the next epoch, for a log that was forked in the one before", () => {
  let node: MaliciousNode;
  let people: People;
  let alice: Side;
  let bob: Side;
  before(async () => {
    node = await MaliciousNode.start();
  });
  after(() => node.close());
  beforeEach(async () => {
    people = new People(() => node.url);
    ({ alice, bob } = await twoTalking(people));
  });
  afterEach(async () => {
    node.behave();
    await people.close();
  });

  /** Bob is shown the second of alice's next two messages in the place of the first, and something broken after it. */
  function swapForBob(): void {
    let first: LogEntry | undefined;
    let second: LogEntry | undefined;
    const lie = (entry: LogEntry): LogEntry => {
      if (entry.sequence === 3) return { ...second!, sequence: 3, acceptedAt: entry.acceptedAt };
      if (entry.sequence === 4) return { ...entry, payload: `${entry.payload.slice(0, -8)}AAAAAAA=` };
      return entry;
    };
    node.rewrite("message:posted", (entry, user) => {
      if (user !== bob.client.user) return [entry];
      if (entry.sequence === 3) first = entry;
      if (entry.sequence === 4) second = entry;
      if (entry.sequence > 4) return [entry];
      return first && second ? [lie(first), lie(second)] : [];
    });
    node.answer("log:read", async ({ user, forward }) => {
      const answer = await forward();
      if (user !== bob.client.user || !answer.ok) return answer;
      const { entries } = answer.data;
      const shown = second ? entries.map(lie) : entries.filter(({ sequence }) => sequence < 3);
      return ok<"log:read">({ ...answer.data, entries: shown });
    });
  }

  /** The node keeps to itself what bob says of the epoch that it forked. */
  function withholdAcksBefore(sequence: number): void {
    node.answer("message:ack", ({ user, request, forward }) =>
      user === bob.client.user && request.sequence < sequence ? ok<"message:ack">({}) : forward(),
    );
  }

  async function forkThenUpdate(): Promise<string[]> {
    swapForBob();
    withholdAcksBefore(6);
    const messages = [alice.chat.send("do NOT transfer it"), alice.chat.send("but wait for me")];
    for (const message of messages) await message.reached("accepted", { timeout: 60_000 });
    await eventually(() => expect(bob.unopened.map(({ sequence }) => sequence)).to.deep.equal([4]));
    // A self-update comes before what alice says next: the running hash of the log begins anew.
    const core = Reflect.get(alice.client, "core") as { timings: { selfUpdateAfterMs: number } };
    core.timings.selfUpdateAfterMs = -1;
    const next = alice.chat.send("in the next epoch");
    await next.reached("delivered", { timeout: 60_000 });
    core.timings.selfUpdateAfterMs = 24 * 3600_000;
    expect(next.sequence).to.equal(6);
    await alice.client.sync();
    return messages.map(({ state }) => state);
  }

  it("(21) says nothing of what came before the commit", async () => {
    expect(await forkThenUpdate()).to.deep.equal(["accepted", "accepted"]);
    expect(bob.texts).to.not.include("do NOT transfer it");
  });

  it("(21) and the receipt of that epoch itself, when it comes at last, tells of the fork", async () => {
    await forkThenUpdate();
    const [held] = node
      .requests("message:ack", bob.client.user)
      .filter(({ conversation, sequence }) => conversation === bob.chat.id && sequence === 4);
    node.push(alice.client.user, "message:delivered", {
      kind: "delivered",
      conversation: alice.chat.id,
      user: bob.client.user,
      device: bob.client.device,
      at: Date.now(),
      version: 900,
      ack: held!,
    });
    await eventually(() => expect(alice.codes()).to.include("log-forked"));
    expect(alice.faults.find(({ code }) => code === "log-forked")).to.include({ user: bob.client.user, sequence: 4 });
  });
});
