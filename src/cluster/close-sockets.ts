import type { Server, Socket } from "socket.io";
import { errorCatalogue } from "../protocol/errors.ts";
import type { ClosingOptions } from "../actors/ports/delivery.ts";
import type { PushOf } from "../protocol/pushes.ts";
import type { Room } from "../protocol/rooms.ts";

/** Tells the sockets that a room has in this process why, and closes them; see `Delivery.closeSockets`. */
export function closeSocketsHere(
  io: Server,
  room: Room,
  reason: PushOf<"session:closing">,
  { exceptSocket, admittedBefore = Infinity }: ClosingOptions,
): void {
  const { adapter, sockets } = io.of("/");
  // A copy: closing a socket takes it out of the room.
  for (const id of Array.from(adapter.rooms.get(room) ?? [])) {
    const socket = sockets.get(id);
    if (!socket || id === exceptSocket) continue;
    const { admittedAt = -Infinity } = socket.data as { admittedAt?: number };
    if (admittedAt < admittedBefore) closeSocket(socket, reason);
  }
}

/** A client comes back by itself after a lost transport, and does not after a disconnect by the server. */
function closeSocket(socket: Socket, reason: PushOf<"session:closing">): void {
  socket.emit("session:closing", reason);
  if (errorCatalogue[reason.code].retryable) socket.conn.close();
  else socket.disconnect(true);
}
