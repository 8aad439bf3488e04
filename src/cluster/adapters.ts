/**
 * How nodes pass pushes on to each other: one of three adapters of Socket.IO, each with what it lacks when Redis goes away.
 * A push is a doorbell: it may be lost, and must never be an error, a queue without end, or a room that stays deaf.
 */
import { createAdapter, createShardedAdapter } from "@socket.io/redis-adapter";
import { createAdapter as createStreamsAdapter } from "@socket.io/redis-streams-adapter";
import type { Server } from "socket.io";
import type { Telemetry } from "../actors/ports/silent-telemetry.ts";
import { keys } from "./keys.ts";
import { lastingSubscriber } from "./lasting-subscriber.ts";
import { RedisConnection, withPatience, type RedisClient } from "./redis-connection.ts";

export type AdapterName = "classic" | "sharded" | "streams";

export interface AdapterParts {
  name: AdapterName;
  url: string;
  telemetry: Telemetry;
}

/** What stands between a Socket.IO server and Redis. */
export interface AttachedAdapter {
  /** Whether a push would reach the other nodes now. */
  isReady(): boolean;
  /** Whether pushes may have been lost within so long. */
  wasAwayWithin(ms: number): boolean;
  close(): void;
}

/** Puts the server's rooms on Redis. Resolves at once, whether Redis is there or not. */
export function attachAdapter(io: Server, { name, url, telemetry }: AdapterParts): AttachedAdapter {
  if (name === "streams") return attachStreams(io, url, telemetry);
  const publisher = new RedisConnection({ url, telemetry, name: "publisher", waits: false });
  const subscriber = new RedisConnection({ url, telemetry, name: "subscriber" });
  const [pub, sub] = [quietPublisher(publisher), lastingSubscriber(subscriber)];
  if (name === "classic") io.adapter(createAdapter(pub, sub, { key: keys.pushChannel }));
  else io.adapter(createShardedAdapter(pub, sub, { channelPrefix: keys.pushChannel }) as never);
  return {
    isReady: () => publisher.isReady,
    wasAwayWithin: (ms) => publisher.wasAwayWithin(ms) || subscriber.wasAwayWithin(ms),
    close: () => {
      closeAdapter(io);
      publisher.close();
      subscriber.close();
    },
  };
}

function attachStreams(io: Server, url: string, telemetry: Telemetry): AttachedAdapter {
  // Its readers are copies of this client: with commands that wait, or they would read from a lost connection in a circle.
  const connection = new RedisConnection({ url, telemetry, name: "streams" });
  const options = {
    streamName: keys.pushStream,
    channelPrefix: keys.pushChannel,
    maxLen: 10_000,
    blockTimeInMs: 2_000,
  };
  const copies: RedisClient[] = [];
  io.adapter(createStreamsAdapter(keepingCopies(quietPublisher(connection), copies), options) as never);
  return {
    isReady: () => connection.isReady,
    wasAwayWithin: (ms) => connection.wasAwayWithin(ms),
    close: () => {
      // First it stops reading: from a client that is closed it would read in a circle.
      closeAdapter(io);
      for (const copy of copies) if (copy.isOpen) copy.destroy();
      connection.close();
    },
  };
}

function closeAdapter(io: Server): void {
  void Promise.resolve(io.of("/").adapter.close()).catch(() => undefined);
}

/** The streams adapter makes copies of its client, and leaves those that never connected to themselves. */
function keepingCopies(client: RedisClient, copies: RedisClient[]): RedisClient {
  return new Proxy(client, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name, target);
      if (name !== "duplicate" || typeof value !== "function") return value;
      return () => {
        const copy = (value as () => RedisClient)();
        copy.on("error", () => undefined);
        copies.push(copy);
        return copy;
      };
    },
  });
}

/** The sockets of this node wait for what is published, with sharded and streams: not for a Redis that says nothing. */
const publishPatienceMs = 200;
const publishing = new Set<string | symbol>(["publish", "sPublish", "xAdd"]);

/** The adapters do not catch what they publish: without this, each push is an unhandled rejection while Redis is away. */
function quietPublisher({ client }: RedisConnection): typeof client {
  return new Proxy(client, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name, target);
      if (typeof value !== "function") return value;
      const method = value as (...parameters: unknown[]) => unknown;
      if (!publishing.has(name)) return method.bind(target);
      const publish = (...parameters: unknown[]) => method.apply(target, parameters) as Promise<unknown>;
      // With the classic adapter nobody waits for it.
      if (name === "publish") return (...parameters: unknown[]) => publish(...parameters).catch(() => undefined);
      return (...parameters: unknown[]) =>
        withPatience(publish(...parameters), publishPatienceMs).catch(() => undefined);
    },
  });
}
