import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { Server } from "socket.io";
import { io, type Socket } from "socket.io-client";
import type { Room } from "../../src/protocol/rooms.ts";

/** A Socket.IO server whose clients are in the rooms that they ask for: what is left of a node without its doors. */
export class SocketRooms {
  readonly io: Server;
  private readonly url: string;
  private readonly clients: Socket[] = [];

  private constructor(server: Server, url: string) {
    this.io = server;
    this.url = url;
  }

  static async start(): Promise<SocketRooms> {
    const httpServer = createServer();
    const server = new Server(httpServer, { transports: ["websocket"] });
    await new Promise<void>((resolve) => httpServer.listen(0, "127.0.0.1", resolve));
    return new SocketRooms(server, `http://127.0.0.1:${(httpServer.address() as AddressInfo).port}`);
  }

  /** Lets clients in; after the adapter is there. */
  open(): void {
    this.io.use((socket, next) => {
      void socket.join(socket.handshake.auth["rooms"] as string[]);
      next();
    });
  }

  async join(rooms: Room[]): Promise<{ client: Socket; socket: string }> {
    const client = io(this.url, { transports: ["websocket"], reconnection: false, forceNew: true, auth: { rooms } });
    await new Promise((resolve, reject) => client.once("connect", () => resolve(client)).once("connect_error", reject));
    this.clients.push(client);
    return { client, socket: client.id! };
  }

  async close(): Promise<void> {
    for (const client of this.clients) client.disconnect();
    await this.io.close();
  }
}
