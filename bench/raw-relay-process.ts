/**
 * The reference: a bare Socket.IO node that forwards `send` to the room of a user and acknowledges at once. It stores nothing and
 * promises nothing: it is the limit of the transport. As a process: its address is printed, `PORT` chooses it, `REDIS_URL` makes it one of many.
 */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { Server } from "socket.io";
import { silentTelemetry } from "../src/actors/ports/silent-telemetry.ts";
import { attachAdapter, type AdapterName } from "../src/cluster/adapters.ts";

const httpServer = createServer();
const io = new Server(httpServer, { transports: ["websocket"], perMessageDeflate: false, serveClient: false });
const url = process.env["REDIS_URL"];
const name = (process.env["CLUSTER_ADAPTER"] ?? "classic") as AdapterName;
if (url) attachAdapter(io, { name, url, telemetry: silentTelemetry });
io.on("connection", (socket) => {
  void socket.join(`user:${socket.handshake.auth["user"]}`);
  socket.on("send", (message: { to: string }, acknowledge: (answer: object) => void) => {
    io.to(`user:${message.to}`).emit("posted", message);
    acknowledge({ ok: true });
  });
});
httpServer.listen(Number(process.env["PORT"] ?? 0), "127.0.0.1", () => {
  console.log(
    JSON.stringify({ url: `http://127.0.0.1:${(httpServer.address() as AddressInfo).port}`, pid: process.pid }),
  );
});
