/** The operator's port: is it alive, may it get traffic, what are its numbers. Never on the public address. */
import type { RequestListener } from "node:http";
import { getRequestListener } from "@hono/node-server";
import { Hono } from "hono";
import { SottoError } from "../../protocol/errors.ts";
import type { Telemetry } from "../../actors/ports/silent-telemetry.ts";
import { refuse, refuseThrown } from "./refusals.ts";

export interface OpsAppOptions {
  /** Why the node should get no traffic now; empty when it may. */
  unreadyReasons: () => Promise<string[]>;
  exposeMetrics: () => Promise<{ contentType: string; text: string }>;
  telemetry: Telemetry;
}

/** Answers the requests of a server of its own. */
export function createOpsListener(options: OpsAppOptions): RequestListener {
  const app = new Hono();
  app.get("/livez", (context) => context.json({ alive: true }));
  app.get("/readyz", async (context) => {
    const reasons = await options.unreadyReasons();
    return context.json({ ready: reasons.length === 0, reasons }, reasons.length === 0 ? 200 : 503);
  });
  app.get("/metrics", async (context) => {
    const { contentType, text } = await options.exposeMetrics();
    return context.body(text, 200, { "Content-Type": contentType });
  });
  app.notFound((context) => refuse(context, new SottoError("unknown-request"), 404));
  app.onError((error, context) => refuseThrown(context, error, options.telemetry));
  return getRequestListener(app.fetch);
}
