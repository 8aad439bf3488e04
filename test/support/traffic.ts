import { expect } from "chai";
import type { Client, Message } from "../../src/client/index.ts";
import type { Cluster, LogRow } from "./cluster.ts";
import { plainId } from "./kept-entries.ts";
import { People } from "./people.ts";

/** Of entries that are no commits. */
const messageKind = 0;

interface Direction {
  from: Client;
  to: Client;
  chat: Awaited<ReturnType<Client["direct"]>>;
  sent: Message[];
  /** What the other side was shown, each time it was. */
  shown: string[];
}

/** Pairs who write to each other over different nodes, and what must hold of it whatever happens meanwhile. */
export class Traffic {
  readonly people: People;
  private readonly cluster: Cluster;
  /** Two of each pair, one after the other. */
  private readonly directions: Direction[] = [];
  private readonly untimely: string[] = [];

  constructor(cluster: Cluster) {
    this.cluster = cluster;
    this.people = new People(() => cluster.nodes[0]!.url);
  }

  /** Two people on two nodes, whose first messages both ways have been delivered. */
  async pair(name: string, [one, other]: [number, number]): Promise<void> {
    const urlOf = (node: number) => ({ url: this.cluster.nodes[node]!.url, timings });
    const ann = await this.people.online(`${name}-ann`, urlOf(one));
    const ben = await this.people.online(`${name}-ben`, urlOf(other));
    const both: [Client, Client][] = [
      [ann, ben],
      [ben, ann],
    ];
    for (const [from, to] of both) {
      const shown: string[] = [];
      to.on("message", ({ message }) => shown.push(message.text));
      const direction: Direction = { from, to, chat: await from.direct(to.user), sent: [], shown };
      this.directions.push(direction);
      await this.write(direction).reached("delivered", { timeout: 60_000 });
    }
  }

  /** So many more messages in every direction; returns them. */
  send(count: number): Message[] {
    return this.directions.flatMap((direction) => Array.from({ length: count }, () => this.write(direction)));
  }

  /** Messages go on all the while; resolves with what `event` resolves with. */
  async during<T>(event: () => Promise<T>, everyMs = 15): Promise<T> {
    const timer = setInterval(() => void this.send(1), everyMs);
    try {
      return await event();
    } finally {
      clearInterval(timer);
    }
  }

  get sentCount(): number {
    return this.directions.reduce((sum, { sent }) => sum + sent.length, 0);
  }

  /**
   * Resolves when everything is delivered. Then nothing is lost, doubled or swapped: not before anybody's eyes, not in what
   * each client keeps, not in the log. And no message was called delivered before its recipient had it.
   */
  async holds(timeoutMs = 40_000): Promise<void> {
    for (const { sent } of this.directions) {
      await Promise.all(sent.map((message) => message.reached("delivered", { timeout: timeoutMs })));
    }
    expect(this.untimely, "delivered before it was shown").to.deep.equal([]);
    for (const { sent, shown } of this.directions) expect(shown).to.deep.equal(sent.map(({ text }) => text));
    const log = await this.cluster.log();
    expect(new Set(log.map(({ id }) => id)).size, "nothing stands in the log twice").to.equal(log.length);
    const heads = new Map<string, number>();
    for (const { conversation, sequence } of log) {
      expect(sequence, "sequences without a gap").to.equal((heads.get(conversation) ?? 0) + 1);
      heads.set(conversation, sequence);
    }
    const positions = await this.cluster.positions();
    for (const [index, direction] of this.directions.entries()) {
      const answer = this.directions[index % 2 === 0 ? index + 1 : index - 1]!;
      await expectSameLog(direction, [...direction.sent, ...answer.sent], log);
      await expectReceipts(direction, positions);
    }
    expect(this.people.faults).to.deep.equal([]);
    expect(this.cluster.unhandled).to.deep.equal([]);
  }

  close(): Promise<void> {
    return this.people.close();
  }

  private write(direction: Direction): Message {
    const message = direction.chat.send(`${direction.from.user} ${direction.sent.length}`);
    direction.sent.push(message);
    message.on("state", (state) => {
      if (state === "delivered" && !direction.shown.includes(message.text)) this.untimely.push(message.text);
    });
    return message;
  }
}

/** What the log of a pair holds in SQL is what both wrote, each in order; and what the sender keeps, entry by entry. */
async function expectSameLog(
  { sent, chat }: Direction,
  both: readonly Message[],
  log: readonly LogRow[],
): Promise<void> {
  const idOf = ({ id }: Message) => plainId(id).toUpperCase();
  const { conversation } = log.find(({ id }) => id === idOf(sent[0]!))!;
  const rows = log.filter((row) => row.conversation === conversation && row.kind === messageKind);
  expect(rows.map(({ id }) => id)).to.have.members(both.map(idOf));
  const own = new Set(sent.map(idOf));
  expect(rows.filter(({ id }) => own.has(id)).map(({ id }) => id)).to.deep.equal([...own]);
  const kept = (await chat.history({ limit: rows.length + 1 })).messages;
  const textOf = new Map(both.map((message) => [idOf(message), message.text]));
  expect(kept.map((one) => ("text" in one ? [one.sequence, one.text] : [one.sequence, one.reason]))).to.deep.equal(
    rows.map(({ sequence, id }) => [sequence, textOf.get(id)]),
  );
}

/** Each message has its recipient's receipt, of a device that stands past it in SQL. */
async function expectReceipts({ sent, to }: Direction, positions: ReadonlyMap<string, number>): Promise<void> {
  expect(positions.get(to.device)).to.be.at.least(Math.max(...sent.map(({ sequence }) => sequence!)));
  for (const message of sent) {
    const receipts = await message.receipts();
    expect(receipts.map(({ user }) => user)).to.deep.equal([to.user]);
    expect(receipts[0]!.deliveredAt, message.text).to.be.instanceOf(Date);
    expect(receipts[0]!.unopenedAt ?? receipts[0]!.expiredAt, message.text).to.equal(undefined);
  }
}

/** As in production, but for how long a lost line is waited for. */
const timings = { reconnectBaseMs: 50, reconnectMaxMs: 500, requestTimeoutMs: 4000, gapMs: 100, rosterPatienceMs: 30 };
