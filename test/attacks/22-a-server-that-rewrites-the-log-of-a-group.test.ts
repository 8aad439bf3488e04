import { expect } from "chai";
import { sealOutgoing } from "../../src/client/conversation/outgoing-sealing.ts";
import { encodeContent } from "../../src/crypto/content.ts";
import { fromBase64 } from "../../src/protocol/base64.ts";
import { newId, type MessageId } from "../../src/protocol/ids.ts";
import type { LogEntry } from "../../src/protocol/log-entry.ts";
import {
  DeceivedGroup,
  epochOf,
  falseEntry,
  isTold,
  positionOf,
  showAnotherLog,
  soon,
  trueLog,
  usersOf,
} from "../support/deceived-group.ts";
import { eventually } from "../support/eventually.ts";
import { logOf, type GroupSide } from "../support/group-sides.ts";
import { coreOf, heldGroup, heldRecord } from "../support/held-state.ts";
import { MaliciousNode, dataOf, ok } from "../support/malicious-node.ts";
import { newSide } from "../support/two-talking.ts";

const patienceMs = 20_000;

/** The rows of "What a server can try on a group" in `docs/threat-model.md` that are about its log, in their order. */
describe("a server that rewrites the log of a group", function () {
  this.timeout(120_000);
  let node: MaliciousNode;
  let group: DeceivedGroup;
  let alice: GroupSide;
  let bob: GroupSide;
  let carol: GroupSide;
  before(async () => {
    node = await MaliciousNode.start();
  });
  after(() => node.close());
  beforeEach(async () => {
    group = await DeceivedGroup.at(node);
    ({ alice, bob, carol } = group);
  });
  afterEach(async () => {
    node.behave();
    await group.people.close();
  });

  /** Bob is shown the entries after his position as `change` has them; alice's messages are the true ones. */
  async function bobIsShown(change: (entries: LogEntry[]) => LogEntry[]): Promise<void> {
    const from = positionOf(bob);
    showAnotherLog(node, bob, () => undefined);
    const sent = ["one", "two", "three"].map((text) => alice.chat.send(text));
    await Promise.all(sent.map((message) => message.reached("accepted", soon)));
    const entries = (await trueLog(node, bob, from)).filter(({ kind }) => kind === "message");
    const shown = change(entries).map((entry, index) => ({ ...entry, sequence: from + 1 + index }));
    for (const entry of shown) group.show(bob, entry);
    await eventually(() => expect(positionOf(bob)).to.equal(from + shown.length), patienceMs);
  }
  it("(11) swaps messages: the late one is not shown, and both sides are told", async () => {
    await bobIsShown(([one, two, three]) => [two!, one!, three!]);
    expect(bob.texts).to.deep.equal(["first", "two", "three"]);
    await isTold(bob, "messages-missing");
    await isTold(alice, "log-forked", bob);
  });

  it("(11) drops a message and closes the gap: both sides are told", async () => {
    await bobIsShown(([one, , three]) => [one!, three!]);
    expect(bob.texts).to.deep.equal(["first", "one", "three"]);
    await isTold(bob, "messages-missing");
    await isTold(alice, "log-forked", bob);
  });

  it("(11) doubles a message: it is shown once, and the sender is told", async () => {
    await bobIsShown(([one, two]) => [one!, one!, two!]);
    expect(bob.texts).to.deep.equal(["first", "one", "two"]);
    await isTold(alice, "log-forked", bob);
  });

  it("(22) shows two commits for one epoch, one to some and one to others: they cannot read each other, and both sides are told", async () => {
    await alice.chat.setRole(bob.client.user, "owner");
    await group.inStep();
    const [x, y] = [await newSide(group.people, "x"), await newSide(group.people, "y")];
    let bobs: LogEntry | undefined;
    let alices: { sequence: number; acceptedAt: number } | undefined;
    const isThere = () => eventually(() => expect([alices, bobs]).to.not.include(undefined), patienceMs);
    node.answer("conversation:commit", async ({ user, request, forward }) => {
      if (user === alice.client.user) {
        await eventually(() => expect(bobs).to.not.equal(undefined), patienceMs);
        const answer = await forward();
        alices ??= dataOf(answer);
        return answer;
      }
      if (user !== bob.client.user || bobs) return forward();
      bobs = falseEntry(bob, bob, { kind: "commit", id: request.id, bytes: fromBase64(request.commit) });
      await isThere();
      return ok<"conversation:commit">({ sequence: bobs.sequence, acceptedAt: alices!.acceptedAt });
    });
    const ofBob = ({ sequence }: LogEntry): boolean => sequence === bobs?.sequence;
    const shown = (entry: LogEntry): LogEntry => (ofBob(entry) ? { ...bobs!, acceptedAt: entry.acceptedAt } : entry);
    node.rewrite("message:posted", (entry, user) => [user === alice.client.user ? entry : shown(entry)]);
    node.answer("log:read", async ({ user, request, forward }) => {
      if (user === alice.client.user) return forward();
      const page = dataOf(await forward({ ...request, afterHash: undefined }));
      return ok<"log:read">({ ...page, entries: page.entries.map(shown) });
    });
    const changes = [alice.chat.add(x.client.user), bob.chat.add(y.client.user)];
    void Promise.allSettled(changes);
    await isThere();
    await eventually(() => {
      expect(usersOf(alice)).to.include(x.client.user);
      for (const side of [bob, carol]) expect(usersOf(side)).to.include(y.client.user);
    }, patienceMs);
    const message = alice.chat.send("to which of the two?");
    await message.reached("accepted", soon);
    await isTold(alice, "log-forked", carol);
    await eventually(() => expect([...bob.codes(), ...carol.codes()]).to.include("log-forked"), patienceMs);
    for (const side of [bob, carol]) expect(side.texts).to.deep.equal(["first"]);
    expect(message.state).to.equal("accepted");
  });

  it("(11) hides a leave and closes the gap: the others are told", async () => {
    let hidden = 0;
    showAnotherLog(node, alice, (entry) => {
      if (entry.kind === "leave") hidden = entry.sequence;
      if (entry.kind === "leave") return undefined;
      return hidden > 0 && entry.sequence > hidden ? { ...entry, sequence: entry.sequence - 1 } : entry;
    });
    await carol.chat.leave();
    await eventually(() => expect(usersOf(bob)).to.not.include(carol.client.user), patienceMs);
    await isTold(alice, "commit-invalid", bob);
    node.behave();
    await eventually(async () => {
      await alice.client.sync();
      expect(usersOf(alice)).to.have.members([alice.client.user, bob.client.user]);
    }, patienceMs);
    await alice.chat.send("without carol").reached("delivered", soon);
    expect(bob.texts).to.deep.equal(["first", "without carol"]);
    expect(carol.texts).to.deep.equal(["first"]);
  });

  it("(11) plays an old leave again, of who has come back: who came back stays, and who is shown it is told", async () => {
    await carol.chat.leave();
    await eventually(() => expect(usersOf(bob)).to.not.include(carol.client.user), patienceMs);
    const leave = (await trueLog(node, bob)).find(({ kind }) => kind === "leave")!;
    await alice.chat.add(carol.client.user);
    await eventually(() => expect(carol.chat.left).to.equal(null), patienceMs);
    await group.inStep();
    const { sequence } = falseEntry(bob, carol, { kind: "leave", bytes: new Uint8Array() });
    group.show(bob, { ...leave, sequence });
    await eventually(() => expect(positionOf(bob)).to.equal(sequence), patienceMs);
    expect(usersOf(bob)).to.have.members(group.names());
    bob.chat.send("we go on");
    await isTold(bob, "diverged");
    await group.goesOn();
  });

  it("(28) plays a message from before, of a member who has left since, under its old epoch or the new one: not shown", async () => {
    const held = await heldGroup(carol.client, carol.chat.id);
    const { lastNumber, lastContentHash } = await heldRecord(carol.client, carol.chat.id);
    const content = encodeContent({ kind: "text", text: "from the past", sentAt: Date.now() });
    const blank = { number: null, contentHash: null, previousContentHash: null, sealed: null };
    const { records } = await sealOutgoing(
      coreOf(carol.client),
      { group: held, conversation: carol.chat.id, lastNumber, lastContentHash, historyKey: undefined },
      [{ ...blank, id: newId<MessageId>(), content, sentAt: Date.now() }],
      { version: 0, head: new Uint8Array(32) },
    );
    const { id, number, sealed } = records[0]!;
    await alice.chat.remove(carol.client.user);
    await eventually(() => expect(usersOf(bob)).to.not.include(carol.client.user), patienceMs);
    for (const epoch of [held.epoch, epochOf(bob)]) {
      const entry = falseEntry(bob, carol, { kind: "message", id, number: number!, epoch, bytes: sealed!.payload });
      group.show(bob, entry);
      await eventually(() => expect(positionOf(bob)).to.equal(entry.sequence), patienceMs);
    }
    expect(bob.unopened.map(({ reason }) => reason)).to.deep.equal(["stale-epoch", "undecryptable"]);
    expect((await logOf(bob.chat)).map(({ text }) => text)).to.not.include("from the past");
    expect(bob.texts).to.deep.equal(["first"]);
  });
});
