/**
 * Plain HTTP on the public port: the web client, or a page that says what runs here, the published schemas, accounts, and blobs. Everything else is
 * Socket.IO's. Owns routes, statuses and body limits; decides nothing.
 */
import type { RequestListener } from "node:http";
import { getRequestListener, type HttpBindings } from "@hono/node-server";
import { Hono, type Context } from "hono";
import { bodyLimit } from "hono/body-limit";
import { cors } from "hono/cors";
import type { Telemetry } from "../../actors/ports/silent-telemetry.ts";
import type { Accounts, Session } from "../../actors/ports/sign-in.ts";
import { SottoError } from "../../protocol/errors.ts";
import { credentials } from "../../protocol/http.ts";
import { asyncApi } from "./async-api.ts";
import { addBlobRoutes, blobPath, type BlobRouteParts } from "./blob-routes.ts";
import { callerAddress } from "./caller-address.ts";
import { frontPage, frontPagePolicy } from "./front-page.ts";
import { openApi } from "./open-api.ts";
import { refuse, refuseThrown } from "./refusals.ts";
import { answerWithWebFile, type WebFiles } from "./web-client.ts";

export interface PublicAppOptions {
  /** Undefined where a host application issues the tokens. */
  accounts: Accounts | undefined;
  version: string;
  corsOrigins: readonly string[];
  trustedProxies: number;
  telemetry: Telemetry;
  blobs: Omit<BlobRouteParts, "telemetry">;
  /** The web client, where it was built. Without accounts people come to it with a token of the host application. */
  webFiles?: WebFiles | undefined;
}

/** A name, a password of 1,024 characters in their longest JSON form, and room. */
const maxBodyBytes = 16 * 1024;
const bodyWithinMs = 15_000;
const routes: Record<string, string> = {
  "/": "GET, HEAD",
  "/openapi.json": "GET, HEAD",
  "/asyncapi.json": "GET, HEAD",
  "/v1/accounts": "POST, OPTIONS",
  "/v1/sessions": "POST, OPTIONS",
};

const blobMethods = "GET, HEAD, PUT, DELETE, OPTIONS";
/** What pages of the origins that may ask can send and see. */
const sharedWithPages = {
  allowMethods: ["GET", "HEAD", "PUT", "POST", "DELETE"],
  allowHeaders: ["Authorization", "Content-Type", "Content-Range", "Content-Digest", "Range"],
  exposeHeaders: ["Upload-Offset", "Upload-Length", "Content-Range", "Retry-After"],
  maxAge: 600,
};

/** Answers every request that is not Socket.IO's. */
export function createPublicListener(options: PublicAppOptions): RequestListener {
  const app = new Hono<{ Bindings: HttpBindings }>();
  app.use(async (context, next) => {
    context.header("X-Content-Type-Options", "nosniff");
    context.header("Referrer-Policy", "no-referrer");
    await next();
  });
  app.use("/v1/*", cors({ origin: [...options.corsOrigins], ...sharedWithPages }));
  const limitBody = bodyLimit({
    maxSize: maxBodyBytes,
    onError: (context) => refuse(context, new SottoError("too-large")),
  });
  app.use((context, next) => (context.req.path.startsWith(blobPath) ? next() : limitBody(context, next)));

  const schemas = { openapi: openApi(options.version), asyncapi: asyncApi(options.version) };
  app.get("/openapi.json", (context) => context.json(schemas.openapi));
  app.get("/asyncapi.json", (context) => context.json(schemas.asyncapi));
  const { webFiles } = options;
  if (webFiles) app.get("*", async (context, next) => answerWithWebFile(context, webFiles) ?? next());
  app.get("/", (context) => {
    context.header("Content-Security-Policy", frontPagePolicy);
    return context.html(
      frontPage({
        version: options.version,
        hasAccounts: options.accounts !== undefined,
        host: context.req.header("host"),
      }),
    );
  });

  const answer = (perform: (accounts: Accounts, input: CredentialsOf) => Promise<Session>, outcome: string) => {
    return async (context: AppContext) => {
      const { metrics } = options.telemetry;
      try {
        if (options.accounts === undefined) throw new SottoError("accounts-disabled");
        const input = await readCredentials(context);
        const session = await perform(options.accounts, { ...input, address: callerAddress(context, options) });
        metrics.count("sign_ins", { outcome });
        context.header("Cache-Control", "no-store");
        return context.json(session, outcome === "signed-up" ? 201 : 200);
      } catch (error) {
        metrics.count("sign_ins", { outcome: error instanceof SottoError ? error.code : "internal" });
        throw error;
      }
    };
  };
  app.post(
    "/v1/accounts",
    answer((accounts, input) => accounts.signUp(input), "signed-up"),
  );
  app.post(
    "/v1/sessions",
    answer((accounts, input) => accounts.logIn(input), "logged-in"),
  );

  addBlobRoutes(app, { ...options.blobs, telemetry: options.telemetry });

  app.notFound((context) => {
    const allowed = context.req.path.startsWith(blobPath) ? blobMethods : routes[context.req.path];
    if (allowed === undefined) return refuse(context, new SottoError("unknown-request"), 404);
    context.header("Allow", allowed);
    return refuse(context, new SottoError("unknown-request", { detail: `Allowed here: ${allowed}.` }), 405);
  });
  app.onError((error, context) => refuseThrown(context, error, options.telemetry));
  return getRequestListener(app.fetch);
}

type AppContext = Context<{ Bindings: HttpBindings }>;
type CredentialsOf = Parameters<Accounts["logIn"]>[0];

/** A body of this size takes no longer, however slow the line; parts of blobs have more time. */
async function inTime<Result>(reading: Promise<Result>): Promise<Result> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(
      () => reject(new SottoError("invalid-request", { detail: "The body broke off." })),
      bodyWithinMs,
    );
  });
  return Promise.race([reading, late]).finally(() => clearTimeout(timer));
}

/** Only JSON: a form of another site cannot send it without asking. */
async function readCredentials(context: AppContext): Promise<Pick<CredentialsOf, "user" | "password">> {
  const type = context.req.header("content-type") ?? "";
  if (!/^application\/json\s*(;|$)/i.test(type)) {
    throw new SottoError("invalid-request", { detail: "Send a body of content-type application/json." });
  }
  const body = await inTime(context.req.json<unknown>()).catch((error: unknown) => {
    if (error instanceof SyntaxError) throw new SottoError("invalid-request", { detail: "The body is not JSON." });
    throw error;
  });
  const parsed = credentials.safeParse(body);
  if (parsed.success) return parsed.data;
  const where =
    parsed.error.issues[0]?.path[0] === "password"
      ? "password (8 to 1024 characters)"
      : "user (1 to 128 visible ASCII characters)";
  throw new SottoError("invalid-request", { detail: `Not as it must be: ${where}.` });
}
