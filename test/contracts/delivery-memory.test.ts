import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { Server } from "socket.io";
import { io } from "socket.io-client";
import { silentTelemetry } from "../../src/actors/ports/silent-telemetry.ts";
import { MemoryDelivery } from "../../src/cluster/memory-delivery.ts";
import { deliveryContract } from "./delivery.contract.ts";

describe("delivery in memory", () => {
  deliveryContract(async () => {
    const httpServer = createServer();
    const server = new Server(httpServer, { transports: ["websocket"] });
    server.use((socket, next) => {
      void socket.join(socket.handshake.auth["rooms"] as string[]);
      next();
    });
    await new Promise<void>((resolve) => httpServer.listen(0, "127.0.0.1", resolve));
    const url = `http://127.0.0.1:${(httpServer.address() as AddressInfo).port}`;
    return {
      delivery: new MemoryDelivery(server, silentTelemetry),
      join: async (rooms) => {
        const client = io(url, { transports: ["websocket"], reconnection: false, forceNew: true, auth: { rooms } });
        await new Promise((resolve, reject) =>
          client.once("connect", () => resolve(client)).once("connect_error", reject),
        );
        return { client, socket: client.id! };
      },
      end: () => server.close(),
    };
  });
});
