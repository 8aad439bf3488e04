import type { DeviceId, UserId } from "../../protocol/ids.ts";

/** Who is connected, on which socket. A hint for ringing and for people's eyes, never the truth about delivery. */
export interface Presence {
  join(entry: { user: UserId; device: DeviceId; socket: string }): Promise<void>;
  /** Removes this socket only: a newer one of the same device stays. */
  leave(entry: { user: UserId; device: DeviceId; socket: string }): Promise<void>;
  /** Which of these devices have a socket. */
  online(devices: readonly { user: UserId; device: DeviceId }[]): Promise<Set<DeviceId>>;
  /** Sockets known, for metrics. */
  count(): Promise<number>;
}
