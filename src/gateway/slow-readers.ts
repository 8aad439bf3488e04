import type { Edge } from "./edge.ts";
import { closeSession } from "./session.ts";

const lookEveryMs = 2000;
/** Characters that may wait for one socket: more than a few of the largest messages, less than hurts. */
const bufferedAtMost = 8 * 1024 * 1024;

/** Closes sockets that take in less than they are sent: what they miss stands in the log, not in this node's memory. */
export function watchSlowReaders(edge: Edge): { stop(): void } {
  const timer = setInterval(() => {
    for (const { conn, data } of edge.sockets.of("/").sockets.values()) {
      if (charactersWaiting(conn) <= bufferedAtMost) continue;
      closeSession(data.session, { code: "overloaded" });
      conn.close(true);
    }
  }, lookEveryMs).unref();
  return { stop: () => clearInterval(timer) };
}

/** What a connection was given and has not sent: engine.io's own buffer, which is private to its types. */
export function charactersWaiting(connection: object): number {
  const packets: unknown = Reflect.get(connection, "writeBuffer");
  if (!Array.isArray(packets)) return 0;
  let sum = 0;
  for (const { data } of packets as { data?: unknown }[]) if (typeof data === "string") sum += data.length;
  return sum;
}
