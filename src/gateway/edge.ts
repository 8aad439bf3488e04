import type { Actors } from "../actors/actors.ts";
import type { Delivery } from "../actors/ports/delivery.ts";
import type { Presence } from "../actors/ports/presence.ts";
import type { RateLimiter } from "../actors/ports/rate-limiter.ts";
import type { TokenVerifier } from "../actors/ports/sign-in.ts";
import type { Telemetry } from "../actors/ports/silent-telemetry.ts";
import type { EventLoopPressure } from "./event-loop-pressure.ts";
import type { GatewaySettings } from "./gateway-settings.ts";
import type { PresenceWatching } from "./presence-watching.ts";
import type { SocketServer } from "./socket-server.ts";

/** What the edge stands on. */
export interface Edge {
  sockets: SocketServer;
  actors: Actors;
  delivery: Delivery;
  presence: Presence;
  watching: PresenceWatching;
  pressure: Pick<EventLoopPressure, "delayMs">;
  limiter: RateLimiter;
  verifier: TokenVerifier;
  settings: GatewaySettings;
  telemetry: Telemetry;
}
