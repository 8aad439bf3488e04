import type { PushName, PushOf } from "../../protocol/pushes.ts";
import type { Room } from "../../protocol/rooms.ts";

export interface ClosingOptions {
  exceptSocket?: string;
  admittedBefore?: number;
}

/** Pushes to rooms, at most once and without waiting. Nothing depends on a push: see `protocol/pushes.ts`. */
export interface Delivery {
  /** To every admitted socket in the room, on every node, but for one socket. Never throws. */
  emit<N extends PushName>(room: Room, push: N, payload: PushOf<N>, options?: { exceptSocket?: string }): void;
  /** Lets every socket in a room into another one as well, on every node. Word of it may get lost. Never throws. */
  joinRoom(sockets: Room, room: Room): void;
  /** Takes every socket in a room out of another one, on every node. Word of it may get lost. Never throws. */
  leaveRoom(sockets: Room, room: Room): void;
  /**
   * Tells the room's sockets, on every node, why, and closes them, but for one socket; or only those admitted before a time, by
   * the database's clock: word from another node may come late, and must not end what came after it was said.
   */
  closeSockets(room: Room, reason: PushOf<"session:closing">, options?: ClosingOptions): void;
}
