import { createClient } from "redis";

/** What a Redis server says about itself, as far as nodes and workers need it. */
export interface RedisFacts {
  version: string;
  /** `noeviction`: it refuses what it has no room for, instead of dropping a worker's job. */
  evictionPolicy: string;
  usedBytes: number;
}

const answerWithinMs = 3_000;

/** Asks a server once. Throws what the client throws. */
export async function inspectRedis(url: string): Promise<RedisFacts> {
  const client = createClient({ url, socket: { connectTimeout: answerWithinMs, reconnectStrategy: false } });
  // Without a listener, the client's errors would be thrown past the caller.
  client.on("error", () => undefined);
  try {
    await client.connect();
    const info = await client.info();
    const field = (name: string) => new RegExp(`^${name}:(.*?)\\r?$`, "m").exec(info)?.[1] ?? "";
    return {
      version: field("redis_version"),
      evictionPolicy: field("maxmemory_policy"),
      usedBytes: Number(field("used_memory")),
    };
  } finally {
    client.destroy();
  }
}
