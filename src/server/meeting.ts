import type { Settings } from "../../config/settings.ts";
import type { Delivery } from "../actors/ports/delivery.ts";
import type { Presence } from "../actors/ports/presence.ts";
import type { RateLimiter } from "../actors/ports/rate-limiter.ts";
import type { Telemetry } from "../actors/ports/silent-telemetry.ts";
import { MemoryDelivery } from "../cluster/memory-delivery.ts";
import { MemoryPresence } from "../cluster/memory-presence.ts";
import { MemoryRateLimiter } from "../cluster/memory-rate-limiter.ts";
import type { SocketServer } from "../gateway/socket-server.ts";
import type { Closers } from "./closers.ts";
import { rates } from "./settings-in-parts.ts";

/** Where a node meets the others: Redis in a cluster; nowhere, when it is alone. */
export interface Meeting {
  limiter: RateLimiter;
  presence: Presence;
  /** Pushes through a Socket.IO server of this process, to the sockets of every node. */
  deliveryThrough: (sockets: SocketServer) => Delivery;
  /** Whether pushes between nodes get lost now. */
  isCutOff: () => boolean;
  /** Why the process does less than it could, though it may get traffic. */
  degradedReasons: () => string[];
}

export interface MeetingParts {
  telemetry: Telemetry;
  closers: Closers;
}

/** As the settings say: in memory without `REDIS_URL`. Does not wait for Redis: a node serves without it. */
export async function openMeeting(settings: Settings, parts: MeetingParts): Promise<Meeting> {
  const alone = new MemoryRateLimiter(rates(settings));
  if (settings.REDIS_URL !== "") {
    // A node that is alone does not load what it takes.
    const { meetOverRedis } = await import("./meet-over-redis.ts");
    return meetOverRedis(settings, parts, alone);
  }
  return {
    limiter: alone,
    presence: new MemoryPresence(),
    deliveryThrough: (sockets) => new MemoryDelivery(sockets, parts.telemetry),
    isCutOff: () => true,
    degradedReasons: () => [],
  };
}
