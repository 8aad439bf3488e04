import type { Delivery } from "../src/actors/ports/delivery.ts";
import type { Presence } from "../src/actors/ports/presence.ts";
import type { Telemetry } from "../src/actors/ports/silent-telemetry.ts";
import type { Store } from "../src/actors/ports/store.ts";

/** What sweeps stand on. */
export interface WorkerPorts {
  store: Store;
  delivery: Delivery;
  presence: Presence;
  telemetry: Telemetry;
  /** Milliseconds since 1970. */
  now: () => number;
}
