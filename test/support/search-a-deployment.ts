import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { createClient } from "redis";
import type { Cluster } from "./cluster.ts";
import { leaks } from "./find-secrets.ts";
import { tablesOfMariaDb } from "./tables-with.ts";

/** Where something was found: `table.column`, `redis KEY`, `file PATH`. */
export type Place = string;

/** Everywhere in a deployment's database, Redis and blobs where one of these stands: as it is, in hex, in base64 at each alignment. */
export async function placesOf(
  wanted: readonly Uint8Array[],
  { cluster, blobFolder }: { cluster: Cluster; blobFolder: string },
): Promise<Place[]> {
  const patterns = wanted.flatMap(leaks);
  const isIn = (bytes: Buffer): boolean => patterns.some((pattern) => bytes.includes(pattern));
  const places = [
    ...(await Promise.all(wanted.map(tablesOfMariaDb(cluster.database, cluster.databaseUrl)))).flat(),
    ...(await inRedis(cluster, isIn)),
    ...(await inFiles(blobFolder, isIn)),
  ];
  return [...new Set(places)].toSorted();
}

type Test = (bytes: Buffer) => boolean;

async function inRedis({ redis }: Cluster, isIn: Test): Promise<Place[]> {
  const client = createClient({ url: redis.url });
  client.on("error", () => undefined);
  await client.connect();
  try {
    const places: Place[] = [];
    for (const key of await client.keys("*")) {
      const read = {
        string: () => client.get(key),
        hash: () => client.hGetAll(key),
        set: () => client.sMembers(key),
        zset: () => client.zRange(key, 0, -1),
        list: () => client.lRange(key, 0, -1),
        stream: () => client.xRange(key, "-", "+"),
      }[(await client.type(key)) as "string"];
      if (isIn(Buffer.from(key)) || isIn(Buffer.from(JSON.stringify((await read?.()) ?? null))))
        places.push(`redis ${key}`);
    }
    return places;
  } finally {
    client.destroy();
  }
}

async function inFiles(folder: string, isIn: Test): Promise<Place[]> {
  const files = await readdir(folder, { recursive: true, withFileTypes: true });
  const places: Place[] = [];
  for (const file of files.filter((one) => one.isFile())) {
    const path = join(file.parentPath, file.name);
    if (isIn(Buffer.from(path)) || isIn(await readFile(path))) places.push(`file ${file.name}`);
  }
  return places;
}
