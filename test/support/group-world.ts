import { expect } from "chai";
import { memoryStore, type Client, type ClientStore, type Group, type Message } from "../../src/client/index.ts";
import { SottoError } from "../../src/protocol/errors.ts";
import { eventually } from "./eventually.ts";
import { FlakyLink } from "./flaky-link.ts";
import type { GroupChange, GroupModel } from "./group-model.ts";
import { logOf, standOf } from "./group-sides.ts";
import { People, quickTimings } from "./people.ts";
import { newName } from "./two-talking.ts";

const patienceMs = 30_000;
const timings = { ...quickTimings, syncEveryMs: 2_000 };

/** One device, which can be cut off and closed. */
interface Device {
  user: string;
  store: ClientStore;
  link: FlakyLink;
  /** Undefined while it is closed. */
  client: Client | undefined;
  isCut: boolean;
  /** The stay of its user, and how much had been written, when it was taken off. */
  awaySince: { stay: number; written: number } | undefined;
  /** What it missed for good: written before its user was removed and added again, while it was away. */
  readonly missed: Set<string>;
}

/** Users with their devices around one group, as a model has them: does what the model is told, and compares. */
export class GroupWorld {
  readonly devices: Device[] = [];
  readonly people: People;
  readonly sent: { message: Message; sender: Device }[] = [];
  /** Faults that are due: of devices that missed something. */
  readonly due: string[] = [];
  private readonly node: { url: string };
  private conversation = "";

  constructor(node: { url: string }) {
    this.node = node;
    this.people = new People(() => node.url);
  }

  /** A new user with so many devices; its name. */
  async user(name: string, deviceCount: number): Promise<string> {
    const user = newName(name);
    const primary = await this.device(user, (options) => this.people.online(user, options));
    for (let one = 1; one < deviceCount; one += 1) {
      await this.device(user, (options) => this.people.linked(primary.client!, options));
    }
    return user;
  }

  /** The owner's group, with everybody of `members`. */
  async found(owner: string, members: readonly string[], name: string): Promise<void> {
    const group = await this.ofUser(owner)[0]!.client!.createGroup({ name, members });
    this.conversation = group.id;
    for (const device of this.devices.filter(({ user }) => user === owner || members.includes(user))) {
      await eventually(() => expect(this.groupOf(device)?.isJoined).to.equal(true), patienceMs);
      await eventually(() => expect(this.groupOf(device)?.name).to.equal(name), patienceMs);
    }
  }

  groupOf({ client }: Device): Group | undefined {
    return client?.conversation(this.conversation) as Group | undefined;
  }

  /** A device of the user that is connected; the second one if that is asked for and there. */
  online(user: string, which = 0): Device | undefined {
    const those = this.ofUser(user).filter(({ client, isCut }) => client && !isCut);
    return those[which % Math.max(those.length, 1)];
  }

  /** Does what a user wants, on a device that is in step; what it was refused with. Undefined: it was done, or held already. */
  async change(device: Device, change: GroupChange): Promise<string | undefined> {
    const group = this.groupOf(device);
    if (!group) return change.kind === "leave" ? undefined : "not-a-member";
    try {
      if (change.kind === "add") await group.add(change.user);
      else if (change.kind === "remove") await group.remove(change.user);
      else if (change.kind === "leave") await group.leave();
      else if (change.kind === "set-role") await group.setRole(change.user, change.role);
      else await group.rename(change.name);
      return undefined;
    } catch (error) {
      if (!(error instanceof SottoError)) throw error;
      return error.code;
    }
  }

  /** Writes, where the device can: it resolves with the message. */
  write(device: Device, text: string): Message | undefined {
    const group = this.groupOf(device);
    if (!group || group.left) return undefined;
    const message = group.send(text);
    this.sent.push({ message, sender: device });
    return message;
  }

  /** Knows all that the node knows now. */
  async inStep(device: Device): Promise<void> {
    await eventually(() => device.client!.sync(), patienceMs);
    await this.groupOf(device)?.settled();
  }

  async takeOff(device: Device, how: "cut" | "closed", model: GroupModel): Promise<void> {
    if (!device.client || device.isCut) return;
    await this.inStep(device);
    if (model.isIn(device.user)) {
      device.awaySince = { stay: model.stays.get(device.user) ?? 0, written: model.messages.length };
    }
    if (how === "cut") {
      device.link.takeDown();
      device.isCut = true;
      await eventually(() => expect(device.client!.connection).to.not.equal("online"), patienceMs);
    } else {
      this.people.forget(device.client);
      await device.client.close();
      device.client = undefined;
    }
  }

  async bringBack(device: Device, model: GroupModel): Promise<void> {
    this.noteMissed(device, model);
    device.link.restore();
    device.isCut = false;
    if (!device.client) device.client = await this.people.open(device.user, this.optionsOf(device));
    await device.client.connect();
    await this.inStep(device);
  }

  /** Everybody is connected, and all who are in the group have followed it to one and the same place. */
  async settle(model: GroupModel): Promise<void> {
    for (const device of this.devices) if (!device.client || device.isCut) await this.bringBack(device, model);
    await eventually(
      () => {
        const stands = new Set<string>();
        for (const device of this.devices) {
          const group = this.groupOf(device);
          const isIn = group !== undefined && group.isJoined && group.left === null;
          expect(isIn, `whether ${device.user} is in`).to.equal(model.isIn(device.user));
          if (!group || !isIn) continue;
          stands.add(standOf(group));
          const roles = group.users.map(({ user, role }) => [user, role]);
          expect(roles).to.deep.equal(model.users().map((user) => [user, model.roles.get(user)]));
          expect(group.name).to.equal(model.name);
        }
        // Everybody may have left.
        expect([...stands])
          .to.have.length(Math.min(1, model.users().length))
          .and.not.include("under way");
      },
      patienceMs,
      50,
    );
  }

  /** Every device holds what the model says it may read, in the order of the one log, and nothing else. */
  async compareLogs(model: GroupModel): Promise<void> {
    const sequences = new Map(this.sent.map(({ message }) => [message.text, message.sequence]));
    const order = model.messages.toSorted((a, b) => sequences.get(a.text)! - sequences.get(b.text)!);
    for (const device of this.devices) {
      const group = this.groupOf(device);
      const log = await logOf(group);
      const texts = log.map(({ text }) => text);
      const expected = order.filter(({ must, may, text }) =>
        must.has(device.user) ? !device.missed.has(text) : may.has(device.user) && texts.includes(text),
      );
      expect(texts, `what ${device.user} holds`).to.deep.equal(expected.map(({ text }) => text));
      for (const { text, sequence, sender } of log) {
        expect(sequence, `where "${text}" stands`).to.equal(sequences.get(text));
        expect(sender).to.equal(order.find((one) => one.text === text)!.sender);
      }
      const others = device.missed.size > 0 ? [] : this.ofUser(device.user).filter(({ missed }) => missed.size === 0);
      for (const other of others) {
        const theirs = await logOf(this.groupOf(other));
        expect(texts, `what the devices of ${device.user} hold`).to.deep.equal(theirs.map(({ text }) => text));
      }
    }
  }

  /** What a sender who has been in since was told of: each recipient who is still in has each message. */
  async compareReceipts(model: GroupModel): Promise<void> {
    for (const { message, sender } of this.sent) {
      const noted = model.messages.find(({ text }) => text === message.text);
      if (!noted || !model.isStill(sender.user, noted)) continue;
      await eventually(async () => {
        const { messages } = await this.groupOf(sender)!.history({ limit: 5_000 });
        const own = messages.find((one) => "text" in one && one.text === message.text) as Message;
        const receipts = await own.receipts();
        const recipients = receipts.map(({ user }) => user);
        expect(recipients).to.include.members([...noted.must].filter((user) => user !== sender.user));
        if (receipts.some(({ deliveredAt }) => deliveredAt)) expect(own.state, message.text).to.equal("delivered");
        for (const user of recipients) expect(noted.must.has(user) || noted.may.has(user), user).to.equal(true);
        for (const { user, deliveredAt } of receipts) {
          if (model.isStill(user, noted)) expect(deliveredAt, `${user} has "${message.text}"`).to.be.instanceOf(Date);
        }
      }, patienceMs);
    }
  }

  async close(): Promise<void> {
    await this.people.close();
    await Promise.all(this.devices.map(({ link }) => link.close()));
  }

  ofUser(user: string): Device[] {
    return this.devices.filter((device) => device.user === user);
  }

  private noteMissed(device: Device, model: GroupModel): void {
    const { awaySince, user } = device;
    device.awaySince = undefined;
    const stay = model.stays.get(user) ?? 0;
    if (!awaySince || stay === awaySince.stay) return;
    const written = model.messages.slice(awaySince.written);
    for (const { text, stays } of written) if ((stays.get(user) ?? 0) < stay) device.missed.add(text);
    this.due.push(`${user}: messages-missing`);
  }

  private async device(
    user: string,
    open: (options: ReturnType<GroupWorld["optionsOf"]>) => Promise<Client>,
  ): Promise<Device> {
    const parts = { user, store: memoryStore(), link: await FlakyLink.to(this.node), missed: new Set<string>() };
    const device: Device = { ...parts, client: undefined, isCut: false, awaySince: undefined };
    device.client = await open(this.optionsOf(device));
    this.devices.push(device);
    return device;
  }

  private optionsOf({ link, store }: Pick<Device, "link" | "store">): {
    url: string;
    store: ClientStore;
    timings: typeof timings;
  } {
    return { url: link.url, store, timings };
  }
}
