import type { Settings } from "../../config/settings.ts";
import type { Pushing } from "../../workers/worker-ports.ts";
import type { Push, PushServices } from "../actors/ports/push.ts";
import type { Telemetry } from "../actors/ports/silent-telemetry.ts";
import type { Store } from "../actors/ports/store.ts";
import { pushByAll } from "../push/push-by-all.ts";
import { acceptsEndpoint } from "../push/push-endpoints.ts";
import { Vapid } from "../push/vapid.ts";
import { WebPush } from "../push/web-push.ts";
import { WebhookPush } from "../push/webhook-push.ts";

interface PushParts {
  store: Store;
  telemetry: Telemetry;
}

/** How people who are away are told, and when; undefined where nobody is to be. */
export function pushingOf(settings: Settings, parts: PushParts): { pushing?: Pushing } {
  const ways = [...webhookOf(settings, parts), ...webPushOf(settings, parts)];
  if (ways.length === 0) return {};
  const second = 1000;
  return {
    pushing: {
      push: pushByAll(ways),
      delayMs: settings.PUSH_DELAY_SECONDS * second,
      quietMs: settings.PUSH_QUIET_SECONDS * second,
      retryMs: settings.PUSH_RETRY_SECONDS * second,
      longestMs: settings.PUSH_RETRY_LONGEST_HOURS * 3600 * second,
    },
  };
}

/** What clients may subscribe to; undefined where no Web Push is sent. */
export function pushServicesOf(settings: Settings): { pushServices?: PushServices } {
  const { VAPID_PUBLIC_KEY: publicKey, PUSH_ENDPOINT_HOSTS: hosts } = settings;
  if (publicKey === "") return {};
  return { pushServices: { publicKey, accepts: (endpoint) => acceptsEndpoint(endpoint, hosts) } };
}

function webhookOf(settings: Settings, { telemetry }: PushParts): Push[] {
  const { PUSH_WEBHOOK_URL: url, PUSH_WEBHOOK_SECRET: secret } = settings;
  return url === "" ? [] : [new WebhookPush({ url, secret, telemetry })];
}

function webPushOf(settings: Settings, { store, telemetry }: PushParts): Push[] {
  const { VAPID_PUBLIC_KEY: publicKey, VAPID_PRIVATE_KEY: privateKey, VAPID_SUBJECT: subject } = settings;
  if (publicKey === "") return [];
  const push = new WebPush({
    subscriptions: store,
    vapid: new Vapid({ publicKey, privateKey, subject }),
    endpointHosts: settings.PUSH_ENDPOINT_HOSTS,
    ttlSeconds: settings.PUSH_RETRY_LONGEST_HOURS * 3600,
    telemetry,
  });
  return [push];
}
