import { expect } from "chai";
import type { LogEntry } from "../../src/protocol/log-entry.ts";
import { toBase64 } from "../../src/protocol/base64.ts";
import { newId } from "../../src/protocol/ids.ts";
import { eventually } from "./eventually.ts";
import { actorOf, groupTalking, type GroupSide } from "./group-sides.ts";
import { dataOf, ok, type MaliciousNode } from "./malicious-node.ts";
import { People } from "./people.ts";

const patienceMs = 20_000;
export const soon = { timeout: patienceMs };

/** Alice's group with bob and carol at a node that lies. Carol has no role and is, where a test says so, the server's accomplice. */
export class DeceivedGroup {
  readonly people: People;
  readonly alice: GroupSide;
  readonly bob: GroupSide;
  readonly carol: GroupSide;
  private readonly node: MaliciousNode;

  private constructor(node: MaliciousNode, people: People, [alice, bob, carol]: readonly GroupSide[]) {
    this.node = node;
    this.people = people;
    this.alice = alice!;
    this.bob = bob!;
    this.carol = carol!;
  }

  /** Its first message has been delivered. */
  static async at(node: MaliciousNode): Promise<DeceivedGroup> {
    const people = new People(() => node.url);
    const group = new DeceivedGroup(node, people, await groupTalking(people, ["alice", "bob", "carol"]));
    await group.inStep();
    return group;
  }

  all(): GroupSide[] {
    return [this.alice, this.bob, this.carol];
  }

  names(): string[] {
    return this.all().map(({ client }) => client.user);
  }

  /** All have followed the log to its end. */
  async inStep(): Promise<void> {
    await Promise.all(this.all().map(({ client }) => client.sync()));
    await eventually(() => expect(new Set(this.all().map(epochOf)).size).to.equal(1), patienceMs);
  }

  /** The server shows a side an entry that comes next in its log. */
  show(side: GroupSide, entry: LogEntry): void {
    this.node.push(side.client.user, "message:posted", entry);
  }

  /** The server behaves from now on: the members are those who were in, and read what comes, and nothing else. */
  async goesOn(): Promise<void> {
    this.node.behave();
    for (const side of this.all()) {
      await eventually(() => side.client.sync(), patienceMs);
      await eventually(() => expect(usersOf(side)).to.have.members(this.names()), patienceMs);
    }
    await this.alice.chat.send("we go on").reached("delivered", soon);
    for (const side of [this.bob, this.carol]) {
      await eventually(() => expect(side.texts.at(-1)).to.equal("we go on"), patienceMs);
      expect(side.texts.filter((text) => !["first", "we go on"].includes(text))).to.deep.equal([]);
    }
  }
}

export const usersOf = ({ chat }: GroupSide): string[] => chat.users.map(({ user }) => user);
export const epochOf = ({ chat }: GroupSide): number => actorOf(chat).state.group!.epoch;
export const positionOf = ({ chat }: GroupSide): number => actorOf(chat).state.record.position;

/** A user is told of something by its name; `of`: and by whom it was. */
export async function isTold(side: GroupSide, code: string, of?: GroupSide): Promise<void> {
  await eventually(() => {
    const told = side.faults.filter((fault) => fault.code === code);
    expect(side.codes()).to.include(code);
    if (of) expect(told.map(({ user }) => user)).to.include(of.client.user);
  }, patienceMs);
}

/** An entry that the log does not have: the next one of this side's, in the name of another side. */
export function falseEntry(
  to: GroupSide,
  from: GroupSide,
  entry: Partial<LogEntry> & Pick<LogEntry, "kind"> & { bytes: Uint8Array },
): LogEntry {
  const { group, record } = actorOf(to.chat).state;
  const { bytes, ...rest } = entry;
  return {
    conversation: to.chat.id,
    sequence: record.position + 1,
    generation: group!.generation,
    epoch: group!.epoch,
    sender: { user: from.client.user, device: from.client.device },
    id: newId(),
    number: 0,
    payload: toBase64(bytes),
    acceptedAt: Date.now(),
    ...rest,
  };
}

/** From now on this side is shown another log: each entry of the true one as `change` has it, or not at all. */
export function showAnotherLog(
  node: MaliciousNode,
  side: GroupSide,
  change: (entry: LogEntry) => LogEntry | undefined,
): void {
  const changed = (entries: readonly LogEntry[]): LogEntry[] => entries.flatMap((entry) => change(entry) ?? []);
  const { user } = side.client;
  node.rewrite("message:posted", (entry, to) => (to === user ? changed([entry]) : [entry]));
  node.answer("log:read", async ({ user: asker, request, forward }) => {
    if (asker !== user) return forward();
    // What it holds is as it was shown, and so is found to be the same.
    const page = dataOf(await forward({ ...request, afterHash: undefined }));
    return ok<"log:read">({ ...page, entries: changed(page.entries) });
  });
}

/** The true log of a side's group, as the real node gives it to this side. */
export async function trueLog(node: MaliciousNode, { client, chat }: GroupSide, after = 0): Promise<LogEntry[]> {
  const request = { conversation: chat.id, after, limit: 100 };
  return dataOf(await node.linesOf(client.user)[0]!.ask("log:read", request)).entries;
}
