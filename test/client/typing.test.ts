import { expect } from "chai";
import type { TypingEvent } from "../../src/client/index.ts";
import type { Conversation } from "../../src/client/conversation/conversation.ts";
import { eventually } from "../support/eventually.ts";
import { MaliciousNode } from "../support/malicious-node.ts";
import { People, quickTimings } from "../support/people.ts";
import { twoTalking, type Side } from "../support/two-talking.ts";

const soon = { timeout: 60_000 };

/** What a conversation shows of who is writing. */
function seenIn(chat: Conversation): TypingEvent[] {
  const events: TypingEvent[] = [];
  chat.on("typing", (event) => events.push(event));
  return events;
}

describe("seeing who is writing", function () {
  this.timeout(120_000);
  let node: MaliciousNode;
  let people: People;
  let alice: Side;
  let bob: Side;
  before(async () => {
    node = await MaliciousNode.start();
  });
  after(() => node.close());
  afterEach(async () => {
    node.behave();
    await people.close();
    expect(people.faults).to.deep.equal([]);
  });

  async function talking(typingShownMs = 60_000): Promise<TypingEvent[]> {
    people = new People(() => node.url);
    ({ alice, bob } = await twoTalking(people, { timings: { ...quickTimings, typingShownMs } }));
    return seenIn(alice.chat);
  }
  const isWriting = (): TypingEvent => ({ user: bob.client.user, isTyping: true });
  const hasStopped = (): TypingEvent => ({ user: bob.client.user, isTyping: false });
  const signalsOf = (side: Side) => node.requests("typing:send", side.client.user);

  it("at the first keystroke, however many there are; and not who writes oneself", async () => {
    const seen = await talking();
    const own = seenIn(bob.chat);
    for (let stroke = 0; stroke < 500; stroke++) bob.chat.typing();
    await eventually(() => expect(seen).to.deep.equal([isWriting()]));
    expect(signalsOf(bob)).to.have.length(1);
    expect(own).to.deep.equal([]);
  });

  it("until the message comes, and again at the next keystroke after it", async () => {
    const seen = await talking();
    bob.chat.typing();
    await eventually(() => expect(seen).to.have.length(1));
    await bob.chat.send("here it is").reached("delivered", soon);
    expect(seen).to.deep.equal([isWriting(), hasStopped()]);
    bob.chat.typing();
    await eventually(() => expect(seen).to.deep.equal([isWriting(), hasStopped(), isWriting()]));
  });

  it("until it is taken back", async () => {
    const seen = await talking();
    bob.chat.typing();
    bob.chat.typing({ isTyping: false });
    bob.chat.typing({ isTyping: false });
    await eventually(() => expect(seen).to.deep.equal([isWriting(), hasStopped()]));
    expect(signalsOf(bob)).to.have.length(2);
  });

  it("or for a few seconds, where nothing more is heard", async () => {
    const seen = await talking(20);
    bob.chat.typing();
    await eventually(() => expect(seen).to.deep.equal([isWriting(), hasStopped()]));
  });

  it("not of who has switched it off on any device, whose node hears nothing of it", async () => {
    const seen = await talking();
    const tablet = await people.linked(bob.client);
    await eventually(() => expect(tablet.conversations()[0]?.isJoined).to.equal(true));
    await tablet.privacy.set({ typing: false });
    await eventually(() => expect(bob.client.privacy.typing).to.equal(false));
    expect(bob.client.privacy.readReceipts).to.equal(true);
    bob.chat.typing();
    tablet.conversations()[0]!.typing();
    await bob.chat.send("quietly").reached("delivered", soon);
    expect(signalsOf(bob)).to.deep.equal([]);
    expect(seen).to.deep.equal([]);
  });

  it("nor of who has no connection: it is of no use later", async () => {
    const seen = await talking();
    await bob.client.close();
    const offline = await people.open(bob.client.user, { store: bob.store });
    offline.conversations()[0]!.typing();
    await offline.connect();
    await offline.sync();
    await offline.conversations()[0]!.send("back").reached("delivered", soon);
    expect(signalsOf(bob)).to.deep.equal([]);
    expect(seen).to.deep.equal([]);
  });

  it("after a change of keys as well", async () => {
    const seen = await talking();
    await people.linked(alice.client);
    await eventually(() => expect(bob.chat.members).to.have.length(3));
    await eventually(() => expect(alice.chat.members).to.have.length(3));
    bob.chat.typing();
    await eventually(() => expect(seen).to.deep.equal([isWriting()]));
  });

  it("in a group, each by name", async () => {
    await talking();
    const group = await alice.client.createGroup({ name: "Team", members: [bob.client.user] });
    const seen = seenIn(group);
    const theirs = await eventually(() => {
      const found = bob.client.conversations().find(({ id }) => id === group.id);
      if (!found?.isJoined) throw new Error("not in yet");
      return found;
    });
    await eventually(() => {
      theirs.typing();
      expect(seen).to.deep.equal([isWriting()]);
    });
  });

  describe("(3) a signal that is replayed shows nothing", () => {
    const pushed = () => node.pushed.findLast(({ name }) => name === "typing:sent")!.payload as never;

    it("again", async () => {
      const seen = await talking(20);
      bob.chat.typing();
      await eventually(() => expect(seen).to.have.length(2));
      for (let time = 0; time < 5; time++) node.push(alice.client.user, "typing:sent", pushed());
      await alice.client.sync();
      expect(seen).to.have.length(2);
    });

    it("in another conversation, as another user's or device's, at another epoch, or changed", async () => {
      const seen = await talking();
      const carol = await people.online(`carol-of-${alice.client.user}`);
      const other = await carol.direct(alice.client.user);
      await other.send("hello").reached("delivered", soon);
      const [, theirs] = alice.client.conversations();
      const elsewhere = seenIn(theirs!);
      node.rewrite("typing:sent", () => []);
      bob.chat.typing();
      await eventually(() => expect(signalsOf(bob)).to.have.length(1));
      const { device, user } = bob.client;
      const [request] = signalsOf(bob) as { conversation: string; generation: number; epoch: number; sealed: string }[];
      node.behave();
      const signal = { ...request!, user, device };
      const flipped = Buffer.from(signal.sealed, "base64");
      flipped[60]! ^= 1;
      const forgeries = [
        { ...signal, conversation: other.id },
        { ...signal, conversation: other.id, user: carol.user, device: carol.device },
        { ...signal, user: alice.client.user, device: alice.client.device },
        { ...signal, device: carol.device },
        { ...signal, epoch: signal.epoch + 1 },
        { ...signal, generation: signal.generation + 1 },
        { ...signal, sealed: flipped.toString("base64") },
        { ...signal, sealed: Buffer.alloc(113).toString("base64") },
      ];
      for (const forged of forgeries) node.push(alice.client.user, "typing:sent", forged as never);
      await alice.client.sync();
      expect([...seen, ...elsewhere]).to.deep.equal([]);
      node.push(alice.client.user, "typing:sent", signal as never);
      await eventually(() => expect(seen).to.deep.equal([isWriting()]));
    });

    it("at once, to a device that was started anew, which shows what is said from then on", async () => {
      const seen = await talking();
      bob.chat.typing();
      await eventually(() => expect(seen).to.have.length(1));
      const old = pushed();
      await alice.client.close();
      const again = await people.online(alice.client.user, { store: alice.store });
      const anew = seenIn(again.conversations()[0]!);
      node.push(alice.client.user, "typing:sent", old);
      await again.sync();
      expect(anew).to.deep.equal([]);
      await bob.chat.send("here it is").reached("delivered", soon);
      bob.chat.typing();
      await eventually(() => expect(anew).to.deep.equal([isWriting()]));
    });

    it("days later, to a device that was started anew", async () => {
      const seen = await talking();
      bob.chat.typing();
      await eventually(() => expect(seen).to.have.length(1));
      const old = pushed();
      await alice.client.close();
      const trueNow = Date.now;
      try {
        Date.now = () => trueNow() + 3 * 60_000;
        const again = await people.online(alice.client.user, { store: alice.store });
        const anew = seenIn(again.conversations()[0]!);
        node.push(alice.client.user, "typing:sent", old);
        await again.sync();
        expect(anew).to.deep.equal([]);
      } finally {
        Date.now = trueNow;
      }
    });
  });
});
