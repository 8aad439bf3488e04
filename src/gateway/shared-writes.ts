/**
 * What is said to one connection within a turn of the event loop goes out in one write to the kernel. A commit of the database
 * answers many requests at once, and of a system call per frame the calls are the larger part of what a frame costs.
 * Never changes what is sent, or its order; nothing waits longer than the turn takes.
 */
import type { SocketServer } from "./socket-server.ts";

/** The part of an Engine.IO connection that its types keep private. */
interface Connection {
  /** Hands what waits to the transport. */
  flush(): void;
  close(discard?: boolean): void;
  transport: { socket?: { _socket?: { cork(): void; uncork(): void } | null } };
}

/** From now on, for every new connection of the server. */
export function shareWrites(sockets: SocketServer): void {
  const waiting = new Set<Connection>();
  const flushAll = () => {
    const connections = [...waiting];
    waiting.clear();
    for (const connection of connections) flushAtOnce(connection);
  };
  function flushLater(this: Connection): void {
    if (waiting.size === 0) setImmediate(flushAll);
    waiting.add(this);
  }
  sockets.engine.on("connection", (connection: Connection) => {
    Object.assign(connection, { flush: flushLater, close: flushAndClose });
  });
}

/** What was said last is why it is closed. */
function flushAndClose(this: Connection, discard?: boolean): void {
  flushAtOnce(this);
  originalOf(this).close.call(this, discard);
}

function flushAtOnce(connection: Connection): void {
  const stream = connection.transport.socket?._socket;
  stream?.cork();
  originalOf(connection).flush.call(connection);
  stream?.uncork();
}

/** Its methods as Engine.IO has them. */
const originalOf = (connection: Connection) => Object.getPrototypeOf(connection) as Connection;
