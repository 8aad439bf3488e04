/**
 * One connection, from handshake to close.
 *
 *   challenged ──prove, register──▶ admitting ──▶ admitted ──▶ closing
 *       │  ▲                            │
 *       │  └────────── refused ─────────┘
 *       └── no answer in time, garbage, drain ──▶ closing
 *
 * Challenged: in no room but that of its own link offer; only `requestsBeforeAdmission` are worked on.
 */
import type { Caller } from "../actors/caller.ts";
import { errorCatalogue } from "../protocol/errors.ts";
import type { UserId } from "../protocol/ids.ts";
import type { PushOf } from "../protocol/pushes.ts";
import type { GatewaySocket } from "./socket-server.ts";

export interface Session {
  readonly socket: GatewaySocket;
  /** Whom the token names. */
  readonly user: UserId;
  /** Milliseconds since 1970. */
  readonly tokenExpiresAt: number;
  /** What the proof may name as the place it is for: `host[:port]`. */
  readonly hosts: readonly string[];
  /** 32 random bytes. */
  readonly nonce: Uint8Array;
  state: "challenged" | "admitting" | "admitted" | "closing";
  /** Set when admitted. */
  caller: Caller | undefined;
  /** The channel (base64) under which this socket waits to be linked: one a socket. */
  linkChannel: string | undefined;
  inFlight: number;
  /** When the latest malformed requests came, oldest first. */
  malformedAt: number[];
  /** Runs out on an unanswered challenge, later on the token. */
  timer: NodeJS.Timeout | undefined;
}

/** The longest that a timer of the platform can wait. */
const longestTimeoutMs = 2 ** 31 - 1;

/** Sets the session's one timer; the former is gone. */
export function setSessionTimer(session: Session, delayMs: number, run: () => void): void {
  clearTimeout(session.timer);
  const delay = Math.min(Math.max(delayMs, 0), longestTimeoutMs);
  session.timer = setTimeout(() => {
    if (delayMs > longestTimeoutMs) setSessionTimer(session, delayMs - longestTimeoutMs, run);
    else run();
  }, delay).unref();
}

/**
 * Says why, and closes. After a retryable reason the client comes back by itself, as it does when a transport is lost;
 * after another one it stays away, as it does when a server disconnects it.
 */
export function closeSession(session: Session, reason: PushOf<"session:closing">): void {
  if (session.state === "closing") return;
  session.state = "closing";
  clearTimeout(session.timer);
  session.socket.emit("session:closing", reason);
  if (errorCatalogue[reason.code].retryable) session.socket.conn.close();
  else session.socket.disconnect(true);
}
