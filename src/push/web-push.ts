/**
 * Pushes by the push services of browsers (RFC 8030). Content-free: the body is empty, so that there is nothing to seal and
 * nothing to read; the browser wakes, connects, and reads what waits. Owns what an answer means for a subscription. Sends
 * only to places that the settings name, follows nobody elsewhere, and reads no answer's body.
 */
import type { Push, PushNote, PushOutcome } from "../actors/ports/push.ts";
import type { Telemetry } from "../actors/ports/silent-telemetry.ts";
import type { PushSubscriptionRow, WakeStore } from "../actors/ports/store-wakes.ts";
import { bestOf } from "./push-by-all.ts";
import { acceptsEndpoint } from "./push-endpoints.ts";
import type { Vapid } from "./vapid.ts";

/** The longest that push services keep a push. */
const longestTtlSeconds = 28 * 24 * 3600;
/** Pushes of one topic take each other's place while they wait for the browser. Some services want valid base64url. */
const topic = "messages";

export interface WebPushOptions {
  subscriptions: Pick<WakeStore, "readPushSubscriptions" | "deletePushSubscription">;
  vapid: Vapid;
  /** See `acceptsEndpoint`. */
  endpointHosts: readonly string[];
  /** How long a push service keeps a push for a browser that is away: until the next one comes. */
  ttlSeconds: number;
  /** How long a push service may take. Default 5 s. */
  answerWithinMs?: number;
  telemetry: Telemetry;
}

export class WebPush implements Push {
  private readonly options: WebPushOptions;

  constructor(options: WebPushOptions) {
    this.options = options;
  }

  /** To every device of the user that has subscribed; `sent` when one push service took it. */
  async send({ user }: PushNote): Promise<PushOutcome> {
    const { telemetry, subscriptions } = this.options;
    try {
      const rows = await subscriptions.readPushSubscriptions(user);
      const outcomes = await Promise.all(rows.map((row) => this.sendTo(row)));
      return bestOf(outcomes);
    } catch (error) {
      telemetry.log.warn("push.failed", { user, error });
      return "failed";
    }
  }

  private async sendTo(row: PushSubscriptionRow): Promise<PushOutcome> {
    const { telemetry, subscriptions, endpointHosts } = this.options;
    const about = { user: row.user, device: row.device };
    // It was accepted once; the settings may have changed since.
    if (!acceptsEndpoint(row.endpoint, endpointHosts)) return "nowhere";
    const status = await this.post(row.endpoint).catch((error: unknown) => {
      telemetry.log.warn("push.failed", { ...about, error });
      return undefined;
    });
    const outcome = meaningOf(status);
    telemetry.metrics.count("web_pushes", { outcome });
    if (outcome === "gone") await subscriptions.deletePushSubscription(row.device, row.endpoint);
    if (outcome !== "sent" && status !== undefined) telemetry.log.warn("push.refused", { ...about, status });
    return outcome === "gone" || outcome === "refused" ? "nowhere" : outcome;
  }

  /** Answers the status. */
  private async post(endpoint: string): Promise<number> {
    const { vapid, ttlSeconds, answerWithinMs = 5_000 } = this.options;
    const response = await fetch(endpoint, {
      method: "POST",
      headers: {
        Authorization: await vapid.authorization(endpoint),
        TTL: String(Math.min(ttlSeconds, longestTtlSeconds)),
        Urgency: "high",
        Topic: topic,
      },
      redirect: "manual",
      signal: AbortSignal.timeout(answerWithinMs),
    });
    await response.body?.cancel();
    return response.status;
  }
}

/** `refused`: for a reason that some seconds do not change, such as a key that is not the one subscribed to. */
function meaningOf(status: number | undefined): "sent" | "gone" | "failed" | "refused" {
  if (status === undefined || status === 408 || status === 429 || status >= 500) return "failed";
  if (status === 404 || status === 410) return "gone";
  return status >= 200 && status < 300 ? "sent" : "refused";
}
