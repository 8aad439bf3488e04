import { expect } from "chai";
import type { Client, Conversation, Group } from "../../src/client/index.ts";
import { Cluster } from "../support/cluster.ts";
import { joined } from "../support/joined.ts";
import { writePast, type WrittenRoom } from "../support/long-history.ts";
import { People } from "../support/people.ts";
import { pagesShown } from "../support/shown.ts";
import { tempFolder } from "../support/temp-folder.ts";

/** `SOTTO_HISTORY_MESSAGES=10000` is what was promised; the suite takes less time. */
const messages = Number(process.env["SOTTO_HISTORY_MESSAGES"] ?? 600);
const past = { conversations: 30, messages, files: 60 };
const pageSizes = [7, 50, 1, 200, 23, 1000];
const names = ["ben", "cleo", "dan", "eve", "fay", "gus"];
const keyPackages = { full: 50, low: 20 };

interface Shown {
  earlier: string;
  floor: number;
  isComplete: boolean;
  messages: Record<string, unknown>[];
}

describe(`${past.messages} messages in ${past.conversations} conversations`, function () {
  this.timeout(1_800_000);
  let folder: Awaited<ReturnType<typeof tempFolder>>;
  let cluster: Cluster;
  let people: People;
  before(async () => {
    folder = await tempFolder();
    cluster = await Cluster.start({ nodes: 2, workers: 1, settings: { BLOB_DIR: folder.path } });
    people = new People(() => cluster.nodes[0]!.url);
  });
  after(async () => {
    await people.close();
    await cluster.close();
    await folder.remove();
  });

  const there = {
    get url() {
      return cluster.nodes[1]!.url;
    },
    keyPackages,
  };
  const pagesOf = async (client: Client, rooms: readonly WrittenRoom[]): Promise<string[][]> => {
    const all: string[][] = [];
    for (const { id } of rooms) {
      const chat = client.conversation(id)!;
      all.push([...(await pagesShown(chat, pageSizes)), aboutOf(chat)]);
    }
    return all;
  };

  it("show on a device that was linked later, and on one that was restored by words, as they did on the old one, byte by byte", async () => {
    const ann = await people.online("ann", { keyPackages });
    const words = await ann.recovery.enable();
    const others: Client[] = [];
    for (const [index, name] of names.entries()) {
      others.push(await people.online(name, index % 2 === 0 ? { keyPackages } : there));
    }
    const rooms = await timed("written", () => writePast(ann, others, past));
    await ann.sync();
    const old = await timed("paged through on the old device", () => pagesOf(ann, rooms));
    expectVariety(
      rooms,
      old.map((pages) => shownIn(pages.slice(0, -1))),
    );

    const laptop = await people.linked(ann, there);
    await timed("linked device let in", () => letIn(laptop, rooms));
    const linked = await timed("paged through on the linked device", () => pagesOf(laptop, rooms));
    expectSame(rooms, linked, old);
    const exported = await timed("exported by the old device", () => exportOf(ann));
    const again = await timed("exported by the linked device", () => exportOf(laptop));
    if (again !== exported) expect.fail(difference(exported, again));

    for (const client of [ann, laptop]) {
      await client.close();
      people.forget(client);
    }
    const phone = await people.open("ann", there);
    await phone.recovery.restore(words, { revokeOthers: true });
    await timed("restored device let in", () => letIn(phone, rooms));
    const restored = await timed("paged through on the restored device", () => pagesOf(phone, rooms));
    expectSame(rooms, restored, old);
    expect(people.faults).to.deep.equal([]);
  });
});

const aboutOf = (chat: Conversation): string => {
  const { id, kind, peer } = chat;
  return JSON.stringify({ id, kind, peer, ...(isGroup(chat) && { name: chat.name, left: chat.left }) }, null, 1);
};
const isGroup = (chat: Conversation): chat is Group => chat.kind === "group";

/** Into all conversations that its user has not left. */
async function letIn(client: Client, rooms: readonly WrittenRoom[]): Promise<void> {
  for (const { id, turn } of rooms) if (turn !== "left" && turn !== "removed") await joined(client, id);
}

/** What a device exports, without what each knows for itself alone: which it is, and how far messages have got. */
async function exportOf(client: Client): Promise<string> {
  const lines: string[] = [];
  for await (const record of client.export()) {
    if (record.record === "message") lines.push(`${record.conversation} ${record.sequence} ${withoutState(record)}`);
    if (record.record === "conversation") lines.push(`${record.id} ${record.name} ${record.left} ${record.earlier}`);
    expect(record.record).to.not.equal("unreadable");
  }
  return lines.toSorted().join("\n");
}
const withoutState = (record: object): string => JSON.stringify({ ...record, state: undefined });

const shownIn = (pages: readonly string[]): Shown[] => pages.map((page) => JSON.parse(page) as Shown);

/** The comparison is worth what there is to compare. */
function expectVariety(rooms: readonly WrittenRoom[], shown: readonly Shown[][]): void {
  for (const [index, pages] of shown.entries()) {
    const { turn, messages: count } = rooms[index]!;
    expect(
      pages.flatMap((page) => page.messages),
      turn,
    ).to.have.length(count);
    expect(pages.at(-1)!.earlier, turn).to.equal(turn === "late" ? "not-shared" : "nothing");
    expect(
      pages.every(({ isComplete }) => isComplete),
      turn,
    ).to.equal(true);
  }
  const all = shown.flat().flatMap((page) => page.messages);
  const having = (is: (one: Record<string, unknown>) => unknown): number => all.filter(is).length;
  const counts = {
    edited: having((one) => one["editedAt"]),
    retracted: having((one) => one["isRetracted"]),
    reactedTo: having((one) => (one["reactions"] as unknown[]).length),
    answers: having((one) => one["replyTo"]),
    mentioning: having((one) => (one["mentions"] as unknown[]).length),
    withFiles: having((one) => (one["files"] as unknown[]).length),
  };
  say(`${all.length} messages: ${JSON.stringify(counts)}`);
  for (const [what, count] of Object.entries(counts)) expect(count, what).to.be.greaterThan(0);
}

function expectSame(rooms: readonly WrittenRoom[], shown: readonly string[][], old: readonly string[][]): void {
  const differing = rooms.flatMap(({ id, turn }, index) => {
    const number = old[index]!.findIndex((page, at) => page !== shown[index]![at]);
    if (number === -1) return [];
    return [`${id} (${turn}), page ${number}:\n${difference(old[index]![number]!, shown[index]![number] ?? "")}`];
  });
  expect(differing.join("\n")).to.equal("");
  expect(shown.map((pages) => pages.length)).to.deep.equal(old.map((pages) => pages.length));
}

/** A few lines from where two texts part. */
function difference(one: string, other: string): string {
  const [lines, others] = [one.split("\n"), other.split("\n")];
  const at = lines.findIndex((line, index) => line !== others[index]);
  const from = (all: readonly string[]): string => all.slice(at, at + 4).join("\n");
  return `${from(lines)}\n  instead of which:\n${from(others)}`;
}

async function timed<T>(what: string, work: () => Promise<T>): Promise<T> {
  const begun = performance.now();
  const result = await work();
  const mebibytes = Math.round(process.memoryUsage().rss / 1024 / 1024);
  say(`${what} in ${((performance.now() - begun) / 1000).toFixed(1)} s; ${mebibytes} MiB resident`);
  return result;
}

const say = (line: string): void => console.log(`      ${line}`);
