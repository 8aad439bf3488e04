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
  /**
   * Tells the room's sockets, on every node, why, and closes them, but for one socket; or only those admitted before a time, by
   * the database's clock: word from another node may come late, and must not end what came after it was said.
   */
  closeSockets(room: Room, reason: PushOf<"session:closing">, options?: ClosingOptions): void;
}
