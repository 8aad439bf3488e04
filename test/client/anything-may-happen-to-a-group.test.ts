import { expect } from "chai";
import fc from "fast-check";
import { eventually } from "../support/eventually.ts";
import type { GatewayNode } from "../support/gateway-node.ts";
import { GroupModel, type GroupChange } from "../support/group-model.ts";
import { GroupWorld } from "../support/group-world.ts";
import { describeStories, type Story } from "../support/stories.ts";

/** How many sequences are tried; a release run sets more. */
const runs = Number(process.env["SOTTO_GROUP_RUNS"] ?? 5);
const deviceCounts = [2, 2, 1, 1, 1, 1];
const patience = { timeout: 60_000 };

/** Users by their number, devices by theirs; which of them can do it shows when it is its turn. */
type Step =
  | { kind: "write"; devices: number[] }
  | { kind: "add" | "remove"; by: number; user: number }
  | { kind: "leave"; by: number }
  | { kind: "set-role"; by: number; user: number; role: "owner" | "admin" | "member" }
  | { kind: "rename"; by: number; name: string }
  | { kind: "at-once"; one: number; other: number; users: [number, number]; writers: number[] }
  | { kind: "take-off"; device: number; how: "cut" | "closed" }
  | { kind: "bring-back"; device: number };

const anyUser = fc.nat(deviceCounts.length - 1);
const anyDevice = fc.nat(deviceCounts.reduce((sum, count) => sum + count) - 1);
/** Mostly those who have a role at first. */
const doer = fc.oneof({ weight: 2, arbitrary: fc.constantFrom(0, 0, 1) }, { weight: 1, arbitrary: anyUser });
const anyRole = fc.constantFrom("owner" as const, "admin" as const, "member" as const);
const anyStep: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant("write" as const),
      devices: fc.uniqueArray(anyDevice, { minLength: 1, maxLength: 4 }),
    }),
  },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant("add" as const), by: doer, user: anyUser }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant("remove" as const), by: doer, user: anyUser }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("leave" as const), by: anyUser }) },
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constant("set-role" as const), by: doer, user: anyUser, role: anyRole }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant("rename" as const),
      by: doer,
      name: fc.constantFrom("Team", "Crew", "Gang"),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant("at-once" as const),
      one: doer,
      other: doer,
      users: fc.tuple(anyUser, anyUser),
      writers: fc.uniqueArray(anyDevice, { minLength: 1, maxLength: 3 }),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant("take-off" as const),
      device: anyDevice,
      how: fc.constantFrom("cut" as const, "closed" as const),
    }),
  },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant("bring-back" as const), device: anyDevice }) },
);

/**
 * Told each time: the last owner leaves right after the last of the others, whose leaf nobody has removed yet; somebody who is away is sent
 * off, comes back in, and is sent off again.
 */
const told: Step[][] = [
  [
    { kind: "remove", by: 0, user: 1 },
    { kind: "leave", by: 2 },
    { kind: "leave", by: 0 },
  ],
  [
    { kind: "take-off", device: 4, how: "cut" },
    { kind: "write", devices: [0, 4] },
    { kind: "remove", by: 0, user: 2 },
    { kind: "write", devices: [0] },
    { kind: "add", by: 1, user: 2 },
    { kind: "write", devices: [2] },
    { kind: "bring-back", device: 4 },
    { kind: "write", devices: [0, 4] },
  ],
  [
    { kind: "take-off", device: 4, how: "closed" },
    { kind: "remove", by: 0, user: 2 },
    { kind: "add", by: 1, user: 2 },
    { kind: "write", devices: [2] },
    { kind: "remove", by: 0, user: 2 },
    { kind: "write", devices: [0] },
    { kind: "bring-back", device: 4 },
  ],
  [
    { kind: "take-off", device: 3, how: "closed" },
    { kind: "write", devices: [0, 2] },
    { kind: "leave", by: 1 },
    { kind: "write", devices: [0] },
    { kind: "add", by: 0, user: 1 },
    { kind: "write", devices: [0, 2] },
    { kind: "bring-back", device: 3 },
    { kind: "write", devices: [3, 2] },
  ],
];

/** One sequence, in the world and in the model. */
class GroupStory implements Story<Step> {
  private written = 0;
  private readonly world: GroupWorld;
  private readonly users: string[];
  private readonly model: GroupModel;

  private constructor(world: GroupWorld, users: string[], model: GroupModel) {
    this.world = world;
    this.users = users;
    this.model = model;
  }

  /** Three of the users are in it at first: an owner, an admin and a member. */
  static async begin(node: GatewayNode): Promise<GroupStory> {
    const world = new GroupWorld(node);
    const users: string[] = [];
    for (const [index, count] of deviceCounts.entries()) users.push(await world.user(`u${index}`, count));
    const [owner, ...members] = users.slice(0, 3);
    await world.found(owner!, members, "Team");
    const story = new GroupStory(world, users, new GroupModel(owner!, members, "Team"));
    await story.change({ kind: "set-role", by: owner!, user: members[0]!, role: "admin" });
    return story;
  }

  async take(step: Step): Promise<void> {
    if (step.kind === "write") return this.write(step.devices);
    if (step.kind === "at-once") return this.atOnce(step);
    if (step.kind === "take-off") return this.world.takeOff(this.world.devices[step.device]!, step.how, this.model);
    if (step.kind === "bring-back") return this.bringBack(step.device);
    const by = this.users[step.by]!;
    const named = "user" in step ? { ...step, by, user: this.users[step.user]! } : { ...step, by };
    await this.change(named as GroupChange);
  }

  /** Everything that was written is where it should be. */
  async end(): Promise<void> {
    for (const [index, device] of this.world.devices.entries())
      if (!device.client || device.isCut) await this.bringBack(index);
    await this.world.settle(this.model);
    await this.write(this.world.devices.map((_, index) => index));
    await this.world.compareReceipts(this.model);
    await eventually(() => this.world.compareLogs(this.model), patience.timeout);
    expect(this.world.people.faults).to.have.members(this.world.due);
  }

  close(): Promise<void> {
    return this.world.close();
  }

  private async change(change: GroupChange): Promise<void> {
    const device = this.world.online(change.by);
    if (!device) return;
    await this.world.inStep(device);
    const refused = await this.world.change(device, change);
    const verdict = this.model.follow(change);
    expect(refused !== undefined, `${JSON.stringify(change)}: ${verdict}, ${refused}`).to.equal(verdict === "refused");
  }

  /** Connected devices write at once, and it is accepted; others write for later. */
  private async write(devices: readonly number[]): Promise<void> {
    const sending: Promise<void>[] = [];
    for (const index of devices) {
      const device = this.world.devices[index]!;
      if (device.client && !device.isCut) await this.world.inStep(device);
      const message = this.world.write(device, `${device.user} writes ${this.written++}`);
      if (!message || device.isCut) continue;
      this.model.note(message.text, device.user);
      sending.push(message.reached("accepted", patience));
    }
    await Promise.all(sending);
  }

  /** What the device wrote while it was cut off is accepted now, or fails as its user is not in the group any more. */
  private async bringBack(index: number): Promise<void> {
    const device = this.world.devices[index]!;
    const waiting = this.world.sent.filter(({ message, sender }) => sender === device && message.state === "queued");
    await this.world.bringBack(device, this.model);
    for (const { message } of waiting) {
      await eventually(() => expect(message.state).to.not.be.oneOf(["queued", "sealing", "sending"]), patience.timeout);
      if (message.state !== "failed") this.model.note(message.text, device.user);
      else expect(this.model.isIn(device.user)).to.equal(false);
    }
  }

  /** Two who may bring users in or send them away at once, while others write. */
  private async atOnce(step: Extract<Step, { kind: "at-once" }>): Promise<void> {
    const [one, other] = [this.users[step.one]!, this.users[step.other]!];
    const targets = step.users.map((index) => this.users[index]!);
    const changes = [one, other].map((by, index): GroupChange => {
      const target = targets[index]!;
      return { kind: this.model.isIn(target) ? "remove" : "add", by, user: target };
    });
    const isApart = new Set([one, other, ...targets]).size === 4;
    const devices = changes.map(({ by }) => this.world.online(by));
    if (!isApart || devices.includes(undefined) || changes.some((change) => this.model.judge(change) !== "done"))
      return;
    const writers = step.writers
      .map((index) => this.world.devices[index]!)
      .filter(({ client, isCut }) => client && !isCut);
    for (const device of [...devices, ...writers]) await this.world.inStep(device!);
    const before = this.model.users();
    const messages = writers.flatMap((device) => {
      const message = this.world.write(device, `${device.user} writes ${this.written++}`);
      return message ? [{ device, message }] : [];
    });
    const refused = await Promise.all(changes.map((change, index) => this.world.change(devices[index]!, change)));
    expect(refused, JSON.stringify(changes)).to.deep.equal([undefined, undefined]);
    for (const change of changes) this.model.follow(change);
    for (const { device, message } of messages) {
      await eventually(() => expect(message.state).to.not.be.oneOf(["queued", "sealing", "sending"]), patience.timeout);
      if (message.state !== "failed") this.model.note(message.text, device.user, before);
      else expect(this.model.isIn(device.user), `${message.error?.code}`).to.equal(false);
    }
  }
}

describeStories({
  about: "a group to which anything may happen",
  claim: `shows each of eight devices what was written while its user was in, and nothing else (${runs} sequences)`,
  runs,
  anyStep,
  length: { minLength: 12, maxLength: 30 },
  told,
  begin: (node) => GroupStory.begin(node),
});
