/**
 * Delivery to the sockets of all nodes, through the Socket.IO adapter. Never waits, never throws, never remembers: while Redis
 * is away it reaches this node's own sockets, and the others find the same by reading.
 */
import type { Server } from "socket.io";
import type { ClosingOptions, Delivery } from "../actors/ports/delivery.ts";
import type { Telemetry } from "../actors/ports/silent-telemetry.ts";
import type { PushName, PushOf } from "../protocol/pushes.ts";
import type { Room } from "../protocol/rooms.ts";
import { closeSocketsHere } from "./close-sockets.ts";

/** Between nodes: close these sockets. */
const closeEvent = "sotto:close";
type Close = [room: Room, reason: PushOf<"session:closing">, options: ClosingOptions];

export class RedisDelivery implements Delivery {
  private readonly io: Server;
  private readonly isConnected: () => boolean;
  private readonly telemetry: Telemetry;

  constructor(io: Server, isConnected: () => boolean, telemetry: Telemetry) {
    this.io = io;
    this.isConnected = isConnected;
    this.telemetry = telemetry;
    io.on(closeEvent, (...[room, reason, options]: Close) => closeSocketsHere(io, room, reason, options));
  }

  emit<N extends PushName>(room: Room, push: N, payload: PushOf<N>, options: { exceptSocket?: string } = {}): void {
    try {
      // One room at a time: the adapters' filters work for those alone.
      const sockets = (this.isConnected() ? this.io : this.io.local).to(room);
      (options.exceptSocket === undefined ? sockets : sockets.except(options.exceptSocket)).emit(push, payload);
      this.telemetry.metrics.count("pushes", { push });
    } catch (error) {
      this.telemetry.log.error("push.failed", { push, error });
    }
  }

  joinRoom(sockets: Room, room: Room): void {
    // Those of this node at once: some adapters take the way over Redis for them, too.
    this.io.local.in(sockets).socketsJoin(room);
    if (this.isConnected()) this.io.in(sockets).socketsJoin(room);
  }

  leaveRoom(sockets: Room, room: Room): void {
    this.io.local.in(sockets).socketsLeave(room);
    if (this.isConnected()) this.io.in(sockets).socketsLeave(room);
  }

  closeSockets(room: Room, reason: PushOf<"session:closing">, options: ClosingOptions = {}): void {
    closeSocketsHere(this.io, room, reason, options);
    if (!this.isConnected()) return;
    try {
      this.io.serverSideEmit(closeEvent, ...([room, reason, options] satisfies Close));
    } catch (error) {
      this.telemetry.log.error("push.failed", { push: "session:closing", error });
    }
  }
}
