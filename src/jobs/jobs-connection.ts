import { createNodeRedisClient, type ConnectionOptions } from "bullmq";
import { createClient } from "redis";

/** What is to be known of a client of Redis, and to be ended. */
interface Endable {
  readonly isOpen: boolean;
  readonly isReady: boolean;
  on(event: "ready", listener: () => void): unknown;
  destroy(): void;
}

export interface JobsConnection {
  connection: ConnectionOptions;
  /** Whether it reaches Redis now, and what BullMQ has copied from it does. */
  isReady(): boolean;
  close(): void;
}

/**
 * What is there and says nothing for so long counts as lost; a server that keeps a connection and never answers would else
 * leave a worker deaf for as long as the system keeps it, too. A worker that has nothing to do waits for 10 s at the most
 * for Redis to say something, and its pings wait with it.
 */
const silenceMs = { ping: 3_000, lost: 15_000 };

/**
 * A connection as BullMQ wants it: commands wait for as long as Redis is away, and the blocking ones have no time-out. Its
 * errors come for as long as the process lives, also after a close; whose queue it is hears of them. `onReady`: it, or a copy,
 * is connected, for the first time or again.
 */
export function jobsConnection(url: string, onReady: () => void): JobsConnection {
  const client = createClient({
    url,
    commandOptions: { timeout: 0 },
    pingInterval: silenceMs.ping,
    socket: {
      connectTimeout: 3_000,
      socketTimeout: silenceMs.lost,
      reconnectStrategy: (retries) => Math.min(50 * 2 ** Math.min(retries, 6), 2_000),
    },
  });
  client.on("error", () => undefined);
  client.on("ready", onReady);
  const copies = keepCopies(client, onReady);
  const connection = createNodeRedisClient(client);
  connection.on("error", () => undefined);
  return {
    connection: connection as unknown as ConnectionOptions,
    isReady: () => [client, ...copies].every((each) => each.isReady || !each.isOpen),
    close: () => {
      for (const each of [client, ...copies]) if (each.isOpen) each.destroy();
    },
  };
}

/** BullMQ blocks on copies of its client, and leaves those that Redis has left trying to reach it for good. */
function keepCopies(client: Endable & { duplicate(...options: never[]): Endable }, onReady: () => void): Endable[] {
  const copies: Endable[] = [];
  const duplicate = client.duplicate.bind(client);
  client.duplicate = (...options) => {
    const copy = duplicate(...options);
    copies.push(copy);
    copy.on("ready", onReady);
    return copy;
  };
  return copies;
}
