/**
 * The Socket.IO edge: two doors (token, device key), then requests. Owns sockets, their sessions and their rooms; decides
 * nothing of a conversation. Invariants: no socket that has not proved its device key is in a room; nothing a client sends
 * ends the process; every refusal has a code of the catalogue.
 */
import { randomBytes } from "node:crypto";
import { toBase64 } from "../protocol/base64.ts";
import { protocolVersion } from "../protocol/limits.ts";
import { dispatch } from "./dispatcher.ts";
import { drain } from "./drain.ts";
import type { Edge } from "./edge.ts";
import { EventLoopPressure } from "./event-loop-pressure.ts";
import { challengeTimeoutMs, createHandshake, hostsOf } from "./handshake.ts";
import { PresenceWatching } from "./presence-watching.ts";
import { closeSession, setSessionTimer, type Session } from "./session.ts";
import { watchSlowReaders } from "./slow-readers.ts";
import type { GatewaySocket } from "./socket-server.ts";

export interface Gateway {
  /** Refuses new sockets from now on; `close` does it too. */
  refuseHandshakes(): void;
  /** Sends everybody away, waits for what is under way, closes the socket server and its HTTP server; all within the deadline. */
  close(deadlineMs: number): Promise<void>;
}

/** `pressure`: instead of that of this process. */
type GatewayParts = Omit<Edge, "watching" | "pressure"> & Partial<Pick<Edge, "pressure">>;

export function createGateway(parts: GatewayParts): Gateway {
  const loop = new EventLoopPressure();
  const edge: Edge = {
    pressure: loop,
    ...parts,
    watching: new PresenceWatching({ presence: parts.presence, blocksOf: (users) => parts.actors.blocks.of(users) }),
  };
  let isDraining = false;
  let closed: Promise<void> | undefined;
  edge.sockets.use(createHandshake(edge, () => isDraining));
  edge.sockets.on("connection", (socket) => greet(edge, socket));
  edge.telemetry.metrics.gauge("sockets", () => edge.sockets.of("/").sockets.size);
  const slowReaders = watchSlowReaders(edge);
  const refuseHandshakes = () => {
    isDraining = true;
  };
  return {
    refuseHandshakes,
    close: (deadlineMs) => {
      refuseHandshakes();
      slowReaders.stop();
      edge.watching.stop();
      loop.stop();
      closed ??= drain(edge, deadlineMs);
      return closed;
    },
  };
}

function greet(edge: Edge, socket: GatewaySocket): void {
  const session = openSession(edge, socket);
  socket.data.session = session;
  forgetHandshake(socket);
  socket.onAny((event: string, ...parameters: unknown[]) => void dispatch(edge, session, event, parameters));
  socket.on("disconnect", (reason) => void leave(edge, session, reason));
  socket.emit("session:challenge", { nonce: toBase64(session.nonce), protocol: protocolVersion });
  setSessionTimer(session, challengeTimeoutMs(edge), () => closeSession(session, { code: "timeout" }));
}

function openSession(edge: Edge, socket: GatewaySocket): Session {
  const { user, expiresAt } = socket.data.token;
  return {
    socket,
    user,
    tokenExpiresAt: expiresAt,
    hosts: hostsOf(socket, edge.settings.publicHosts),
    nonce: new Uint8Array(randomBytes(32)),
    state: "challenged",
    caller: undefined,
    linkChannel: undefined,
    inFlight: 0,
    malformedAt: [],
    timer: undefined,
  };
}

/**
 * The HTTP request and the token are not needed any more: some kilobytes a socket, and a secret. The request is emptied, too:
 * a listener of Engine.IO holds on to it for as long as the connection lasts.
 */
function forgetHandshake(socket: GatewaySocket): void {
  socket.handshake.auth = {};
  socket.handshake.headers = {};
  const { request } = socket.conn;
  for (const name of Reflect.ownKeys(request)) Reflect.set(request, name, undefined);
  Object.assign(socket.conn, { request: undefined });
}

/** The client said good-bye, or is one that must not come back. A lost line and a node that ends are neither. */
const leavesOnPurpose = new Set(["client namespace disconnect", "server namespace disconnect"]);

async function leave(edge: Edge, session: Session, reason: string): Promise<void> {
  session.state = "closing";
  clearTimeout(session.timer);
  edge.watching.forget(session);
  const { caller } = session;
  if (!caller) return;
  const { user, device, socket } = caller;
  edge.telemetry.log.info("socket.left", { user, device, socket, reason });
  try {
    await edge.presence.leave({ user, device, socket }, leavesOnPurpose.has(reason) ? "left" : "lost");
  } catch (error) {
    edge.telemetry.log.error("presence.failed", { device, error });
  }
}
