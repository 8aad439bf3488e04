import type { PushName, PushOf } from "../../protocol/pushes.ts";
import type { Room } from "../../protocol/rooms.ts";

/** Pushes to rooms, at most once and without waiting. Nothing depends on a push: see `protocol/pushes.ts`. */
export interface Delivery {
  /** To every admitted socket in the room, on every node, but for one socket. Never throws. */
  emit<N extends PushName>(room: Room, push: N, payload: PushOf<N>, options?: { exceptSocket?: string }): void;
  /** Tells the room's sockets why, and closes them. */
  closeSockets(room: Room, reason: PushOf<"session:closing">): void;
}
