import type { Blobs } from "../src/actors/ports/blobs.ts";
import type { Delivery } from "../src/actors/ports/delivery.ts";
import type { Push } from "../src/actors/ports/push.ts";
import type { Presence } from "../src/actors/ports/presence.ts";
import type { Telemetry } from "../src/actors/ports/silent-telemetry.ts";
import type { Store } from "../src/actors/ports/store.ts";

/** How people who are away are told, and when: milliseconds. */
export interface Pushing {
  push: Push;
  delayMs: number;
  quietMs: number;
  retryMs: number;
  longestMs: number;
}

/** What a process gives to its sweeps. No clock: see `atDatabaseTime`. */
export type SweepPorts = Omit<WorkerPorts, "now">;

/** What one turn of a sweep stands on. */
export interface WorkerPorts {
  store: Store;
  /** Absent where there is no place for attachments. */
  blobs?: Blobs;
  delivery: Delivery;
  presence: Presence;
  /** Absent where nobody is to be pushed to. */
  pushing?: Pushing;
  telemetry: Telemetry;
  /** Milliseconds since 1970. */
  now: () => number;
}
