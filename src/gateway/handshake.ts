/** The first door: the token, before a socket exists. Refusals reach the client as `connect_error` with `data.code`. */
import { SottoError, type WireError } from "../protocol/errors.ts";
import { limits, protocolVersion } from "../protocol/limits.ts";
import { handshakeAuth } from "../protocol/requests.ts";
import type { Edge } from "./edge.ts";
import type { GatewaySocket, SocketData } from "./socket-server.ts";

/** A client that is turned away by a full or a draining node is told to wait this long, give or take half. */
const retryAfterMs = 2000;

/** A Socket.IO middleware: lets a socket through when its token holds, and leaves what the token says in `socket.data`. */
export function createHandshake(edge: Edge, isDraining: () => boolean) {
  return (socket: GatewaySocket, next: (refusal?: Error & { data: WireError }) => void): void => {
    checkHandshake(edge, socket, isDraining()).then(
      (token) => {
        socket.data.token = token;
        edge.telemetry.metrics.count("handshakes", { outcome: "ok" });
        next();
      },
      (error: unknown) => {
        const refusal = asRefusal(edge, error);
        edge.telemetry.metrics.count("handshakes", { outcome: refusal.code });
        next(Object.assign(new Error(refusal.message), { data: refusal.toWire() }));
      },
    );
  };
}

async function checkHandshake(edge: Edge, socket: GatewaySocket, isDraining: boolean): Promise<SocketData["token"]> {
  const wait = Math.round(retryAfterMs * (0.5 + Math.random()));
  if (isDraining) throw new SottoError("draining", { retryAfterMs: wait });
  if (edge.sockets.of("/").sockets.size >= edge.settings.maxSockets) {
    throw new SottoError("overloaded", { retryAfterMs: wait });
  }
  const limitedMs = await edge.limiter.take("handshake", addressOf(socket, edge.settings.trustedProxies));
  if (limitedMs > 0) throw new SottoError("rate-limited", { retryAfterMs: limitedMs });
  const auth: Record<string, unknown> = socket.handshake.auth;
  if (auth["token"] === undefined || auth["token"] === "") throw new SottoError("token-missing");
  if (auth["protocol"] !== protocolVersion) throw new SottoError("protocol-unsupported");
  const parsed = handshakeAuth.safeParse(auth);
  if (!parsed.success) throw new SottoError("token-invalid");
  const token = await edge.verifier.verify(parsed.data.token);
  if (token.expiresAt <= Date.now()) throw new SottoError("token-expired");
  return token;
}

function asRefusal(edge: Edge, error: unknown): SottoError {
  if (error instanceof SottoError) return error;
  edge.telemetry.log.error("handshake.failed", { error });
  return new SottoError("internal");
}

/** The client's address: what the outermost trusted proxy saw. */
export function addressOf(socket: Pick<GatewaySocket, "handshake">, trustedProxies: number): string {
  const forwarded = socket.handshake.headers["x-forwarded-for"];
  if (trustedProxies === 0 || forwarded === undefined) return socket.handshake.address;
  const hops = String(forwarded).split(",");
  return hops.at(-Math.min(trustedProxies, hops.length))!.trim().slice(0, 64);
}

/** What a proof may name: the hosts that the operator listed, or else the one that this handshake was sent to. */
export function hostsOf(socket: Pick<GatewaySocket, "handshake">, publicHosts: readonly string[]): readonly string[] {
  if (publicHosts.length > 0) return publicHosts;
  return [(socket.handshake.headers.host ?? "").toLowerCase()];
}

/** How long an unanswered challenge may stand. */
export const challengeTimeoutMs = (edge: Edge): number => edge.settings.challengeTimeoutMs ?? limits.challengeTimeoutMs;
