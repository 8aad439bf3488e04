import type { Settings } from "../../config/settings.ts";
import type { RateLimiter } from "../actors/ports/rate-limiter.ts";
import { attachAdapter, type AttachedAdapter } from "../cluster/adapters.ts";
import { RedisConnection } from "../cluster/redis-connection.ts";
import { RedisDelivery } from "../cluster/redis-delivery.ts";
import { RedisPresence } from "../cluster/redis-presence.ts";
import { RedisRateLimiter } from "../cluster/redis-rate-limiter.ts";
import type { Meeting, MeetingParts } from "./meeting.ts";
import { rates } from "./settings-in-parts.ts";

/** What was pushed in the last moments of an outage is looked for once more after it. */
const afterOutageMs = 10_000;

/** The meeting of the nodes of a cluster. `alone`: limits while Redis is away. */
export function meetOverRedis(settings: Settings, { telemetry, closers }: MeetingParts, alone: RateLimiter): Meeting {
  const url = settings.REDIS_URL;
  const connection = new RedisConnection({ url, telemetry, name: "presence" });
  const subscriber = new RedisConnection({ url, telemetry, name: "announcements" });
  const limits = new RedisConnection({ url, telemetry, name: "limits", waits: false });
  closers.add(() => connection.close());
  closers.add(() => limits.close());
  closers.add(() => subscriber.close());
  const presence = new RedisPresence({ connection, subscriber, telemetry });
  closers.add(() => presence.close());
  let adapter: AttachedAdapter | undefined;
  return {
    limiter: new RedisRateLimiter(limits, rates(settings), { alone }),
    presence,
    deliveryThrough: (sockets) => {
      const attached = attachAdapter(sockets, { name: settings.CLUSTER_ADAPTER, url, telemetry });
      adapter = attached;
      closers.add(() => attached.close());
      return new RedisDelivery(sockets, () => attached.isReady(), telemetry);
    },
    isCutOff: () => connection.wasAwayWithin(afterOutageMs) || (adapter?.wasAwayWithin(afterOutageMs) ?? false),
    degradedReasons: () => (connection.isReady ? [] : ["Redis does not answer: messages arrive some seconds late"]),
  };
}
