import type { DeviceId, UserId } from "../../protocol/ids.ts";

/** A socket of a device, on this node. */
export interface PresenceEntry {
  user: UserId;
  device: DeviceId;
  socket: string;
}

/**
 * What people see of each other. `lastSeen`: when their last socket left or was lost, milliseconds since 1970; null while
 * online, and where nobody remembers.
 */
export interface PresenceStatus {
  user: UserId;
  online: boolean;
  lastSeen: number | null;
}

/** `left`: by the client's own will, shown at once. `lost`: by an accident or a node that ends, shown after a grace. */
export type Departure = "left" | "lost";

/** Who is connected, on which socket. A hint for ringing and for people's eyes, never the truth about delivery. */
export interface Presence {
  /** A device has one socket: this one takes the place of any other, on whichever node. Never rejects, never takes long. */
  join(entry: PresenceEntry): Promise<void>;
  /** Removes this socket only: a newer one of the same device stays. Never rejects, never takes long. */
  leave(entry: PresenceEntry, how: Departure): Promise<void>;
  /** Which of these devices have a socket now, on a node that lives. Rejects where that cannot be known. */
  online(devices: readonly { user: UserId; device: DeviceId }[]): Promise<Set<DeviceId>>;
  /** In the order asked. Rejects where that cannot be known. */
  statusOf(users: readonly UserId[]): Promise<PresenceStatus[]>;
  /** From now on the listener hears of changes of these users, each once, as far as nothing gets lost. */
  watch(users: readonly UserId[]): void;
  unwatch(users: readonly UserId[]): void;
  /** The one listener of this node; called for watched users only. */
  onChange(listener: (status: PresenceStatus) => void): void;
  /**
   * Removes what nodes left behind that ended without a word, and what is past its grace. Several at once do no harm.
   * Answers how many users went.
   */
  reap(): Promise<number>;
  /** Sockets of this node, for metrics. */
  count(): number;
}
