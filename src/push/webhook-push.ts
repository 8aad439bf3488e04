/**
 * Pushes by a call to the host application, which knows how to reach its people. Content-free: who is to be woken, not by
 * whom nor for what; the application learns nothing that it could not know, and whoever listens in less. Each call is signed,
 * may come twice (same `id`), and counts as taken when it is answered with 2xx.
 */
import { createHmac } from "node:crypto";
import type { Push, PushNote } from "../actors/ports/push.ts";
import type { Telemetry } from "../actors/ports/silent-telemetry.ts";

const answerWithinMs = 5_000;

export interface WebhookOptions {
  url: string;
  secret: string;
  telemetry: Telemetry;
}

export class WebhookPush implements Push {
  private readonly options: WebhookOptions;

  constructor(options: WebhookOptions) {
    this.options = options;
  }

  async send(note: PushNote): Promise<"sent" | "failed"> {
    const { url, secret, telemetry } = this.options;
    const body = JSON.stringify({ version: 1, ...note });
    const timestamp = String(Math.floor(Date.now() / 1000));
    let outcome: "sent" | "failed" = "failed";
    try {
      const response = await fetch(url, {
        method: "POST",
        headers: {
          "Content-Type": "application/json",
          "Sotto-Timestamp": timestamp,
          "Sotto-Signature": signatureOf(secret, timestamp, body),
        },
        body,
        redirect: "manual",
        signal: AbortSignal.timeout(answerWithinMs),
      });
      if (response.ok) outcome = "sent";
      // What it says is of no interest, and may be without end.
      await response.body?.cancel();
      if (!response.ok) telemetry.log.warn("push.refused", { user: note.user, status: response.status });
    } catch (error) {
      telemetry.log.warn("push.failed", { user: note.user, error });
    }
    return outcome;
  }
}

/** `v1=` and, in hex, the HMAC-SHA256 of `timestamp.body` under the secret. */
export function signatureOf(secret: string, timestamp: string, body: string): string {
  return `v1=${createHmac("sha256", secret).update(`${timestamp}.${body}`).digest("hex")}`;
}
