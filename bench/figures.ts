import { imageFlags } from "../test/support/image-flags.ts";
import { MariaDbServer } from "../test/support/servers/mariadb-server.ts";
import { RedisServer } from "../test/support/servers/redis-server.ts";
import type { AdapterName } from "../src/cluster/adapters.ts";
import type { Socket } from "socket.io-client";
import { compare, median, type Comparison, type Round } from "./compare.ts";
import { rawConnection, rawPairs, registeredDevices, sottoPairs } from "./pairs.ts";
import { residentBytesOf } from "./process-cost.ts";
import { startRawRelays, startSotto, type Side } from "./servers.ts";

export interface Scale {
  pairs: number;
  window: number;
  rounds: number;
  roundMs: number;
  quick: boolean;
  /** Of P3: how nodes pass pushes on, and how many nodes without clients run beside the two. */
  adapter: AdapterName;
  idleNodes: number;
  /** Of P9: how far the database has grown. */
  conversations: number;
  historyRows: number;
}

export interface Figure {
  name: string;
  title: string;
  unit: string;
  reference: number;
  sotto: number;
  ratio: number;
  toReach: number;
  detail: string;
  comparison?: Comparison;
}

/** Nodes of a cluster run in the image, the embedded one by `npm start`. The reference is given the same. */
const asInImage = { NODE_OPTIONS: imageFlags.join(" ") };

/** P1: durable, one node, MariaDB with a flush at each commit. */
export async function durableOnMariaDb(scale: Scale): Promise<Figure> {
  const database = await MariaDbServer.start();
  try {
    const sotto = await startSotto({ busy: 1 }, { ...asInImage, DATABASE_URL: await database.newDatabase() }, [
      { name: "database", pid: database.pid },
    ]);
    const reference = await startRawRelays({ busy: 1 }, asInImage, []);
    return await compareRelay(
      { name: "P1", title: "durable 1:1, one node, MariaDB", toReach: 2 },
      scale,
      reference,
      sotto,
    );
  } finally {
    await database.end();
  }
}

/** P3: sender and recipient on two nodes, over Redis. */
export async function acrossTwoNodes(scale: Scale): Promise<Figure> {
  const [database, redis] = [await MariaDbServer.start(), await RedisServer.start()];
  const other = await RedisServer.start();
  try {
    const cluster = { ...asInImage, CLUSTER_ADAPTER: scale.adapter };
    const count = { busy: 2, idle: scale.idleNodes };
    const databaseUrl = await database.newDatabase();
    const settings = { ...cluster, DATABASE_URL: databaseUrl, REDIS_URL: redis.url, HOST: "127.0.0.1" };
    const sotto = await startSotto(count, settings, [
      { name: "database", pid: database.pid },
      { name: "Redis", pid: redis.pid },
    ]);
    const reference = await startRawRelays(count, { ...cluster, REDIS_URL: other.url }, [
      { name: "Redis", pid: other.pid },
    ]);
    return await compareRelay(
      { name: "P3", title: `two nodes, Redis (${scale.adapter}), MariaDB`, toReach: 1.8 },
      scale,
      reference,
      sotto,
    );
  } finally {
    await Promise.all([database.end(), redis.end(), other.end()]);
  }
}

/** P11: durable, embedded. */
export async function durableEmbedded(scale: Scale): Promise<Figure> {
  const sotto = await startSotto({ busy: 1 }, {}, []);
  const reference = await startRawRelays({ busy: 1 }, {}, []);
  return compareRelay({ name: "P11", title: "durable 1:1, embedded, SQLite", toReach: 2.5 }, scale, reference, sotto);
}

/** P5: resident memory for each admitted connection that is idle, in processes that have done nothing else. */
export async function memoryPerConnection({ pairs, rounds }: Scale): Promise<Figure> {
  const [reference, sotto] = [await startRawRelays({ busy: 1 }, {}, []), await startSotto({ busy: 1 }, {}, [])];
  try {
    const connections = pairs * 2;
    const devices = await registeredDevices(sotto.urls[0]!, connections);
    const measured = { reference: [] as number[], sotto: [] as number[] };
    for (let round = 0; round < rounds; round += 1) {
      measured.reference.push(
        await grownBy(reference, connections, (index) => rawConnection(reference.urls[0]!, `user-${index}`)),
      );
      measured.sotto.push(await grownBy(sotto, connections, (index) => devices[index]!.connect()));
    }
    const [raw, own] = [median(measured.reference), median(measured.sotto)];
    return {
      name: "P5",
      title: "memory of an idle, admitted connection",
      unit: "kB",
      reference: raw / 1024,
      sotto: own / 1024,
      ratio: own / raw,
      toReach: 1.3,
      detail: `${connections} connections to a process just started, resident memory, by what all but the first tenth add`,
    };
  } finally {
    await Promise.all([reference.end(), sotto.end()]);
  }
}

const settleMs = 3_000;

/** Bytes for each connection. The first tenth pays for what is compiled and allocated once. */
async function grownBy(side: Side, connections: number, connect: (index: number) => Promise<Socket>): Promise<number> {
  await side.restart();
  const resident = () => residentBytesOf(side.processes[0]!.pid);
  const sockets: Socket[] = [];
  const connectUpTo = async (count: number) => {
    while (sockets.length < count) sockets.push(await connect(sockets.length));
    await new Promise((resolve) => setTimeout(resolve, settleMs));
  };
  const first = Math.ceil(connections / 10);
  await connectUpTo(first);
  const before = resident();
  await connectUpTo(connections);
  const bytes = (resident() - before) / (connections - first);
  for (const socket of sockets) socket.disconnect();
  return bytes;
}

async function compareRelay(
  about: Pick<Figure, "name" | "title" | "toReach">,
  { pairs, window, rounds, roundMs }: Scale,
  reference: Side,
  sotto: Side,
): Promise<Figure> {
  try {
    const loads = {
      reference: { side: reference, pairs: await rawPairs(reference.urls, pairs, window) },
      sotto: { side: sotto, pairs: await sottoPairs(sotto.urls, pairs, window) },
    };
    const comparison = await compare(loads, { rounds, roundMs });
    loads.reference.pairs.close();
    loads.sotto.pairs.close();
    const rate = (perSecond: number) => Math.round(perSecond).toLocaleString("en");
    return {
      ...about,
      unit: "CPU µs",
      reference: comparison.reference.cpuMicros,
      sotto: comparison.sotto.cpuMicros,
      ratio: comparison.ratio,
      detail: `${rate(comparison.reference.perSecond)}/s (${partsOf(comparison.reference)}), ${rate(comparison.sotto.perSecond)}/s (${partsOf(comparison.sotto)})`,
      comparison,
    };
  } finally {
    await Promise.all([reference.end(), sotto.end()]);
  }
}

/** Such as `node 120.1, database 40.2`. */
const partsOf = ({ byServer }: Round): string =>
  Object.entries(byServer)
    .map(([name, cpu]) => `${name} ${cpu.toFixed(1)}`)
    .join(", ");
