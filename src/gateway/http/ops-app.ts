/** The operator's port: is it alive, may it get traffic, what are its numbers, what does it do. Never on the public address. */
import type { RequestListener } from "node:http";
import { getRequestListener } from "@hono/node-server";
import { Hono } from "hono";
import { SottoError } from "../../protocol/errors.ts";
import type { Telemetry } from "../../actors/ports/silent-telemetry.ts";
import { isBearer } from "./bearer.ts";
import { refuse, refuseThrown } from "./refusals.ts";

export interface OpsAppOptions {
  /** Why the node should get no traffic now; empty when it may. */
  unreadyReasons: () => Promise<string[]>;
  /** Why the node does less than it could, though it may get traffic: without Redis, messages are some seconds late. */
  degradedReasons: () => string[];
  exposeMetrics: () => Promise<{ contentType: string; text: string }>;
  /** Absent where nobody was given the token to it. */
  admin?: { token: string; report: () => Promise<object> };
  telemetry: Telemetry;
}

/** Answers the requests of a server of its own. */
export function createOpsListener(options: OpsAppOptions): RequestListener {
  const app = new Hono();
  app.get("/livez", (context) => context.json({ alive: true }));
  app.get("/readyz", async (context) => {
    const reasons = await options.unreadyReasons();
    const answer = { ready: reasons.length === 0, reasons, degraded: options.degradedReasons() };
    return context.json(answer, answer.ready ? 200 : 503);
  });
  app.get("/metrics", async (context) => {
    const { contentType, text } = await options.exposeMetrics();
    return context.body(text, 200, { "Content-Type": contentType });
  });
  const { admin } = options;
  if (admin) {
    app.get("/admin", async (context) => {
      context.header("Cache-Control", "no-store");
      if (isBearer(context.req.header("authorization"), admin.token)) return context.json(await admin.report());
      context.header("WWW-Authenticate", "Bearer");
      return refuse(context, new SottoError("token-invalid", { detail: "ADMIN_TOKEN as a Bearer opens this." }), 401);
    });
  }
  app.notFound((context) => refuse(context, new SottoError("unknown-request"), 404));
  app.onError((error, context) => refuseThrown(context, error, options.telemetry));
  return getRequestListener(app.fetch);
}
