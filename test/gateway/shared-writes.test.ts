import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo, Socket as Stream } from "node:net";
import { expect } from "chai";
import type { Server } from "socket.io";
import { io } from "socket.io-client";
import { createSocketServer } from "../../src/gateway/socket-server.ts";
import { eventually } from "../support/eventually.ts";

/** Counts the calls that hand bytes to the kernel. */
function countWrites(stream: Stream): { count: number } {
  const writes = { count: 0 };
  for (const name of ["_write", "_writev"] as const) {
    const original = stream[name] as (...parameters: unknown[]) => void;
    stream[name] = (...parameters: unknown[]) => {
      writes.count += 1;
      original.apply(stream, parameters);
    };
  }
  return writes;
}

describe("what a node says to one socket within a turn of the event loop", () => {
  it("goes out in one write, in order, also when it closes the socket in the same breath", async () => {
    const streams: Stream[] = [];
    const httpServer = createServer().on("connection", (stream: Stream) => streams.push(stream));
    const server = createSocketServer(httpServer, { corsOrigins: [] }) as unknown as Server;
    httpServer.listen(0, "127.0.0.1");
    await once(httpServer, "listening");
    const client = io(`http://127.0.0.1:${(httpServer.address() as AddressInfo).port}`, { transports: ["websocket"] });
    try {
      const heard: unknown[] = [];
      client.on("said", (number) => heard.push(number));
      await once(client as never, "connect");
      const writes = countWrites(streams[0]!);
      for (const number of [1, 2, 3, 4]) server.emit("said", number);
      await eventually(() => expect(heard).to.have.length(4));
      expect(heard).to.deep.equal([1, 2, 3, 4]);
      expect(writes.count).to.equal(1);
      server.emit("said", 5);
      for (const socket of server.sockets.sockets.values()) socket.conn.close();
      await once(client as never, "disconnect");
      expect(heard).to.deep.equal([1, 2, 3, 4, 5]);
    } finally {
      client.close();
      await server.close();
    }
  });
});
