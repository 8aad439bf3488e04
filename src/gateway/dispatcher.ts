/**
 * The way of every request: counted, limited, checked, handed to its handler, answered once. Owns the bounds of a socket and
 * the one catch of the edge. Never decides anything of the conversation: handlers ask actors.
 * Invariant: each request with an acknowledgement function is answered exactly once, with a code of the catalogue if refused.
 */
import { SottoError, type WireError } from "../protocol/errors.ts";
import { newId } from "../protocol/ids.ts";
import { limits } from "../protocol/limits.ts";
import { requests, requestsAtAnyTime, requestsBeforeAdmission, type RequestName } from "../protocol/requests.ts";
import type { Edge } from "./edge.ts";
import { handlers } from "./handlers.ts";
import { checkRequest } from "./request-check.ts";
import { closeSession, type Session } from "./session.ts";

type Reply = { ok: true; data: unknown } | { ok: false; error: WireError };

const malformedCodes = new Set<string>([
  "invalid-request",
  "unknown-request",
  "unauthenticated",
  "admission-refused",
  "too-large",
]);
const malformedPerMinute = 20;
const inFlightRetryAfterMs = 200;

/** Works on one event of a socket. Never rejects. */
export async function dispatch(edge: Edge, session: Session, event: string, parameters: unknown[]): Promise<void> {
  if (session.state === "closing") return;
  const answer = takeAnswer(parameters);
  const startedAt = performance.now();
  const name = isRequestName(event) ? event : undefined;
  session.inFlight += 1;
  let code = "ok";
  try {
    const data = await work(edge, session, name, answer ? parameters : []);
    answer?.({ ok: true, data });
  } catch (error) {
    const refusal = asRefusal(edge, session, name, error);
    code = refusal.code;
    answer?.({ ok: false, error: refusal.toWire() });
    if (malformedCodes.has(code)) countMalformed(edge, session);
  } finally {
    session.inFlight -= 1;
  }
  const request = name ?? "unknown";
  edge.telemetry.metrics.count("requests", { request, code });
  edge.telemetry.metrics.observe("request", (performance.now() - startedAt) / 1000, { request });
}

async function work(
  edge: Edge,
  session: Session,
  name: RequestName | undefined,
  parameters: readonly unknown[],
): Promise<unknown> {
  if (session.inFlight > limits.requestsInFlight) {
    throw new SottoError("overloaded", { retryAfterMs: inFlightRetryAfterMs });
  }
  await limitRate(edge, session, name);
  if (name === undefined) throw new SottoError("unknown-request");
  const isBefore = requestsBeforeAdmission.includes(name);
  if (session.state !== "admitted" && !isBefore) throw new SottoError("unauthenticated");
  if (session.state === "admitted" && isBefore && !requestsAtAnyTime.includes(name)) {
    throw new SottoError("invalid-request", { detail: "This socket is admitted." });
  }
  if (parameters.length !== 1) {
    throw new SottoError("invalid-request", { detail: "A request is one argument and an acknowledgement." });
  }
  const request = checkRequest(name, parameters[0]);
  return handlers[name](edge, session, request as never);
}

async function limitRate(edge: Edge, session: Session, name: RequestName | undefined): Promise<void> {
  const bucket = name === "message:send" ? "message" : "request";
  const taken = edge.limiter.take(bucket, session.caller?.device ?? session.socket.id);
  const retryAfterMs = typeof taken === "number" ? taken : await taken;
  if (retryAfterMs > 0) throw new SottoError("rate-limited", { retryAfterMs });
}

function takeAnswer(parameters: unknown[]): ((reply: Reply) => void) | undefined {
  const last = parameters.at(-1);
  if (typeof last !== "function") return undefined;
  parameters.pop();
  return last as (reply: Reply) => void;
}

function asRefusal(edge: Edge, session: Session, request: RequestName | undefined, error: unknown): SottoError {
  const isExpected = error instanceof SottoError;
  if (isExpected && error.code !== "internal" && error.code !== "unavailable") return error;
  const errorId = newId();
  const cause = isExpected ? (error.cause ?? error) : error;
  edge.telemetry.log.error("request.failed", {
    errorId,
    request: request ?? "unknown",
    user: session.user,
    socket: session.socket.id,
    error: cause,
    ...(isExpected && { code: error.code }),
  });
  return isExpected ? error : new SottoError("internal", { detail: `A fault in the node: ${errorId}` });
}

function countMalformed(edge: Edge, session: Session): void {
  const now = Date.now();
  const allowed = edge.settings.malformedPerMinute ?? malformedPerMinute;
  session.malformedAt = session.malformedAt.filter((at) => at > now - 60_000);
  session.malformedAt.push(now);
  if (session.malformedAt.length < allowed) return;
  edge.telemetry.log.warn("socket.malformed", { user: session.user, socket: session.socket.id });
  closeSession(session, { code: "invalid-request" });
}

function isRequestName(event: string): event is RequestName {
  return Object.hasOwn(requests, event);
}
