import { expect } from "chai";
import fc from "fast-check";
import { memoryStore, type Client, type ClientStore, type Conversation, type Message } from "../../src/client/index.ts";
import type { MessageId } from "../../src/protocol/ids.ts";
import { eventually } from "../support/eventually.ts";
import { FlakyLink } from "../support/flaky-link.ts";
import type { GatewayNode } from "../support/gateway-node.ts";
import { waitingIn } from "../support/group-sides.ts";
import { People, quickTimings } from "../support/people.ts";
import { pagesBack, pagesOn, shownBy, shownOf } from "../support/shown.ts";
import { describeStories, type Story } from "../support/stories.ts";
import { newName } from "../support/two-talking.ts";

/** How many schedules are tried; a release run sets more. */
const runs = Number(process.env["SOTTO_CHANGE_RUNS"] ?? 6);
const patienceMs = 60_000;
const timings = { ...quickTimings, syncEveryMs: 2_000 };
const deviceCount = 4;

type Step =
  | { kind: "write"; device: number; answers?: number }
  | { kind: "react"; device: number; message: number; emoji: string; remove: boolean }
  | { kind: "edit"; device: number; message: number }
  | { kind: "retract"; device: number; message: number }
  | { kind: "cut"; device: number }
  | { kind: "restore"; device: number }
  | { kind: "restart"; device: number };

const device = fc.nat(deviceCount - 1);
const message = fc.nat(40);
const emoji = fc.constantFrom("👍", "❤️", "😂");
const anyStep: fc.Arbitrary<Step> = fc.oneof(
  { weight: 5, arbitrary: fc.record({ kind: fc.constant("write" as const), device, answers: message }) },
  {
    weight: 6,
    arbitrary: fc.record({ kind: fc.constant("react" as const), device, message, emoji, remove: fc.boolean() }),
  },
  { weight: 6, arbitrary: fc.record({ kind: fc.constant("edit" as const), device, message }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("retract" as const), device, message }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant("cut" as const), device }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("restore" as const), device }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("restart" as const), device }) },
);

/** Told each time: both devices of one user are away, change the same message, and one takes it back. */
const told: Step[] = [
  { kind: "write", device: 0 },
  { kind: "cut", device: 0 },
  { kind: "cut", device: 1 },
  { kind: "edit", device: 0, message: 0 },
  { kind: "edit", device: 1, message: 0 },
  { kind: "react", device: 2, message: 0, emoji: "👍", remove: false },
  { kind: "react", device: 0, message: 0, emoji: "👍", remove: false },
  { kind: "react", device: 1, message: 0, emoji: "👍", remove: true },
  { kind: "write", device: 1, answers: 0 },
  { kind: "retract", device: 1, message: 1 },
  { kind: "edit", device: 0, message: 1 },
  { kind: "restart", device: 0 },
  { kind: "restore", device: 1 },
];

interface Device {
  user: string;
  store: ClientStore;
  link: FlakyLink;
  client: Client;
}

/** Two users with two devices each and one conversation, and what may happen to it. */
class ChangeStory implements Story<Step> {
  private readonly people: People;
  private readonly devices: Device[] = [];
  private conversation = "";
  private written = 0;
  /** What a message said at any time; and which were taken back. */
  private readonly texts = new Map<MessageId, Set<string>>();
  private readonly retracted = new Set<MessageId>();

  private constructor(node: GatewayNode) {
    this.people = new People(() => node.url);
  }

  static async begin(node: GatewayNode): Promise<ChangeStory> {
    const story = new ChangeStory(node);
    const users = [newName("ada"), newName("bea")];
    for (const user of users) {
      const first = await story.device(node, user, (options) => story.people.online(user, options));
      await story.device(node, user, (options) => story.people.linked(first.client, options));
    }
    const chat = await story.devices[0]!.client.direct(users[1]!);
    story.conversation = chat.id;
    await chat.send("begin").reached("delivered", { timeout: patienceMs });
    for (const one of story.devices) {
      await eventually(async () => {
        await one.client.sync();
        expect(story.chatOf(one).isJoined).to.equal(true);
      }, patienceMs);
    }
    return story;
  }

  async take(step: Step): Promise<void> {
    const one = this.devices[step.device]!;
    if (step.kind === "write") return this.write(one, step.answers);
    if (step.kind === "cut") return this.cut(one);
    if (step.kind === "restore") return this.restore(one);
    if (step.kind === "restart") return this.restart(one);
    const chat = this.chatOf(one);
    const messages = await this.shown(chat);
    if (step.kind === "react") {
      const target = messages[step.message % Math.max(messages.length, 1)];
      if (target && !target.isRetracted) await chat.react(target, step.emoji, { remove: step.remove });
      return;
    }
    const own = messages.filter(({ sender, isRetracted }) => sender.user === one.user && !isRetracted);
    const target = own[step.message % Math.max(own.length, 1)];
    if (!target) return;
    if (step.kind === "retract") {
      await chat.retract(target);
      this.retracted.add(target.id);
    } else {
      const text = `edit ${this.written++}`;
      this.texts.get(target.id)?.add(text);
      await chat.edit(target, { text, mentions: [one.user] });
    }
  }

  /** Everybody is connected and has followed the log to its end: all show the same, and so does a device that comes then. */
  async end(): Promise<void> {
    for (const one of this.devices) this.restore(one);
    for (const one of this.devices) {
      await eventually(async () => {
        await one.client.sync();
        expect(waitingIn(this.chatOf(one))).to.equal(0);
      }, patienceMs);
    }
    const [first, ...others] = this.devices;
    const last = this.chatOf(first!).send("end");
    await last.reached("delivered", { timeout: patienceMs });
    for (const one of this.devices) {
      await eventually(async () => {
        await one.client.sync();
        await this.chatOf(one).settled();
        expect((await this.shown(this.chatOf(one))).at(-1)?.text).to.equal("end");
      }, patienceMs);
    }
    const shown = await shownBy(this.chatOf(first!));
    for (const one of others) expect(await shownBy(this.chatOf(one), 7)).to.equal(shown);
    const later = await this.people.linked(first!.client);
    await eventually(async () => {
      await later.sync();
      expect(later.conversation(this.conversation)?.isJoined).to.equal(true);
    }, patienceMs);
    const there = later.conversation(this.conversation)!;
    const on = JSON.stringify((await pagesOn(there, 5)).map(shownOf), null, 1);
    expect(on).to.equal(shown);
    expect(await shownBy(there)).to.equal(shown);
    await this.compareWithWhatWasDone(await this.shown(there));
    expect(this.people.faults).to.deep.equal([]);
  }

  async close(): Promise<void> {
    await this.people.close();
    await Promise.all(this.devices.map(({ link }) => link.close()));
  }

  private async compareWithWhatWasDone(messages: readonly Message[]): Promise<void> {
    for (const { id, isRetracted, text } of messages) {
      expect(isRetracted, `whether "${text}" is there`).to.equal(this.retracted.has(id));
      const said = this.texts.get(id);
      if (said && !isRetracted) expect([...said]).to.include(text);
    }
    for (const id of this.texts.keys()) expect(messages.map((one) => one.id)).to.include(id);
  }

  private write(one: Device, answers?: number): void | Promise<void> {
    const chat = this.chatOf(one);
    const text = `text ${this.written++}`;
    if (answers === undefined) return this.note(chat.send(text));
    return this.shown(chat).then((messages) => {
      const replyTo = messages[answers % Math.max(messages.length, 1)];
      this.note(chat.send({ text, ...(replyTo && { replyTo }) }));
    });
  }

  private note(sent: Message): void {
    this.texts.set(sent.id, new Set([sent.text]));
  }

  /** Also what is not in the log yet. */
  private async shown(chat: Conversation): Promise<Message[]> {
    const held = (await pagesBack(chat, 1000)).filter((one): one is Message => !("reason" in one));
    return [...held, ...chat.unsent().filter((one) => !held.includes(one))];
  }

  private chatOf({ client }: Device): Conversation {
    const chat = client.conversation(this.conversation);
    if (!chat) throw new Error("the conversation is not known yet");
    return chat;
  }

  private async cut(one: Device): Promise<void> {
    one.link.takeDown();
    await eventually(() => expect(one.client.connection).to.not.equal("online"), patienceMs);
  }

  private restore(one: Device): void {
    one.link.restore();
  }

  /** It goes on from its store, connected or not, as it was. */
  private async restart(one: Device): Promise<void> {
    this.people.forget(one.client);
    await one.client.close();
    const options = { url: one.link.url, store: one.store, timings };
    one.client = await this.people.open(one.user, options);
    one.client.connect().catch(() => undefined);
  }

  private async device(
    node: GatewayNode,
    user: string,
    open: (options: { url: string; store: ClientStore; timings: typeof timings }) => Promise<Client>,
  ): Promise<Device> {
    const [link, store] = [await FlakyLink.to(node), memoryStore()];
    const one: Device = { user, store, link, client: await open({ url: link.url, store, timings }) };
    this.devices.push(one);
    return one;
  }
}

describeStories({
  about: "devices that edit, react and retract while they are apart",
  claim: `end equal, byte by byte, whatever the order (${runs} schedules)`,
  runs,
  anyStep,
  length: { minLength: 15, maxLength: 40 },
  told: [told],
  begin: (node) => ChangeStory.begin(node),
});
