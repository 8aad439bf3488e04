/**
 * P9: what a message costs in a database that has grown. Sotto beside itself: the same devices, the same one message in flight each, and only
 * the number of conversations, or the history in them, is another. With one in flight no ack stands for two messages, on either side.
 */
import { idToBytes, type ConversationId } from "../src/protocol/ids.ts";
import { imageFlags } from "../test/support/image-flags.ts";
import { foundDirect } from "../test/support/direct-on-node.ts";
import { MariaDbServer } from "../test/support/servers/mariadb-server.ts";
import { compare, type Load } from "./compare.ts";
import type { Figure, Scale } from "./figures.ts";
import { copyConversation, settled, sizesOf, type Growth } from "./grown-database.ts";
import { roamingPairs } from "./pairs.ts";
import { startSotto } from "./servers.ts";

const pairsAtOnce = 10;
const toReach = 1.2;
const asInImage = { NODE_OPTIONS: imageFlags.join(" ") };

interface Grown {
  load: Load;
  sizes(): Promise<{ pool: number; messages: number }>;
  end(): Promise<void>;
}

/** P9: 10 conversations beside many, and an empty history beside one that is larger than the buffer pool. */
export async function growth(scale: Scale): Promise<Figure[]> {
  const { conversations, historyRows } = scale;
  const perPair = Math.ceil(conversations / pairsAtOnce);
  const copies = Math.ceil(perPair / 10);
  const messages = Math.ceil(historyRows / (copies * pairsAtOnce));
  const count = (number: number) => number.toLocaleString("en");
  const many = await sideBySide(
    scale,
    { copies: 0, messages: 0 },
    { copies: perPair, messages: 0 },
    {
      title: `${count(perPair * pairsAtOnce)} conversations, beside 10`,
      about: () => "all of them are written in, in turn",
    },
  );
  const long = await sideBySide(
    scale,
    { copies, messages: 0 },
    { copies, messages },
    {
      title: `${count(copies * pairsAtOnce * messages)} rows of history, beside none`,
      about: ({ pool, messages: bytes }) =>
        `${count(copies * pairsAtOnce)} conversations on both sides, written in, in turn; ${megabytes(bytes)} of messages, buffer pool of ${megabytes(pool)}`,
    },
  );
  return [many, long];
}

async function sideBySide(
  scale: Scale,
  before: Growth,
  after: Growth,
  { title, about }: { title: string; about: (sizes: { pool: number; messages: number }) => string },
): Promise<Figure> {
  const reference = await grown(before);
  const sotto = await grown(after);
  try {
    const sizes = await sotto.sizes();
    const comparison = await compare({ reference: reference.load, sotto: sotto.load }, scale);
    const rate = (perSecond: number) => Math.round(perSecond).toLocaleString("en");
    const parts = (byServer: Record<string, number>) =>
      Object.entries(byServer)
        .map(([name, cpu]) => `${name} ${cpu.toFixed(1)}`)
        .join(", ");
    return {
      name: "P9",
      title,
      unit: "CPU µs",
      reference: comparison.reference.cpuMicros,
      sotto: comparison.sotto.cpuMicros,
      ratio: comparison.ratio,
      toReach,
      detail: `${rate(comparison.reference.perSecond)}/s (${parts(comparison.reference.byServer)}), ${rate(comparison.sotto.perSecond)}/s (${parts(comparison.sotto.byServer)}); ${about(sizes)}`,
      comparison,
    };
  } finally {
    await Promise.all([reference.end(), sotto.end()]);
  }
}

/** A node over a database of its own, and pairs of devices that write in all their conversations in turn. */
async function grown(growthOfEach: Growth): Promise<Grown> {
  const database = await MariaDbServer.start();
  const url = await database.newDatabase();
  const side = await startSotto({ busy: 1 }, { ...asInImage, DATABASE_URL: url }, [
    { name: "database", pid: database.pid },
  ]);
  const node = { url: side.urls[0]!, host: new URL(side.urls[0]!).host };
  const founded = [];
  for (let pair = 0; pair < pairsAtOnce; pair += 1) {
    const both = await foundDirect(node, [`bench-a${pair}`, `bench-b${pair}`]);
    const copies = await copyConversation(url, both.conversation, growthOfEach);
    const conversations = copies.length === 0 ? [both.conversation] : shuffled(copies);
    founded.push({ ...both, conversations, written: growthOfEach.messages });
  }
  await settled(database);
  const pairs = roamingPairs(founded);
  return {
    load: { side, pairs },
    sizes: () => sizesOf(database, url),
    end: async () => {
      pairs.close();
      await side.end();
      await database.end();
    },
  };
}

/** Not as they lie in the database, and the same each time: by the last, random bytes of their ids. */
const shuffled = (ids: readonly ConversationId[]): ConversationId[] =>
  ids.toSorted((one, other) => Buffer.compare(idToBytes(one).subarray(8), idToBytes(other).subarray(8)));

const megabytes = (bytes: number): string => `${Math.round(bytes / 2 ** 20).toLocaleString("en")} MiB`;
