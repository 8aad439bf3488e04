/**
 * Delivery within one node: the rooms of its Socket.IO server. Its twins over Redis keep the same port and contract suite.
 * Never waits, never throws, never remembers: who misses a push finds the same by reading.
 */
import type { Server } from "socket.io";
import type { ClosingOptions, Delivery } from "../actors/ports/delivery.ts";
import type { Log, Metrics } from "../actors/ports/telemetry.ts";
import type { PushName, PushOf } from "../protocol/pushes.ts";
import type { Room } from "../protocol/rooms.ts";
import { closeSocketsHere } from "./close-sockets.ts";

export class MemoryDelivery implements Delivery {
  private readonly io: Server;
  private readonly telemetry: { log: Log; metrics: Metrics };

  constructor(io: Server, telemetry: { log: Log; metrics: Metrics }) {
    this.io = io;
    this.telemetry = telemetry;
  }

  emit<N extends PushName>(room: Room, push: N, payload: PushOf<N>, options: { exceptSocket?: string } = {}): void {
    // Nobody there: the payload is not even encoded.
    if (!this.hasOthers(room, options.exceptSocket)) return;
    try {
      const sockets =
        options.exceptSocket === undefined ? this.io.to(room) : this.io.to(room).except(options.exceptSocket);
      sockets.emit(push, payload);
      this.telemetry.metrics.count("pushes", { push });
    } catch (error) {
      this.telemetry.log.error("push.failed", { push, error });
    }
  }

  joinRoom(sockets: Room, room: Room): void {
    this.io.in(sockets).socketsJoin(room);
  }

  leaveRoom(sockets: Room, room: Room): void {
    this.io.in(sockets).socketsLeave(room);
  }

  closeSockets(room: Room, reason: PushOf<"session:closing">, options: ClosingOptions = {}): void {
    closeSocketsHere(this.io, room, reason, options);
  }

  private hasOthers(room: Room, exceptSocket: string | undefined): boolean {
    const members = this.rooms.get(room);
    if (!members) return false;
    return exceptSocket === undefined || members.size > 1 || !members.has(exceptSocket);
  }

  private get rooms(): Map<string, Set<string>> {
    return this.io.of("/").adapter.rooms;
  }
}
