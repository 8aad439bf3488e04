import type { IncomingMessage, Server as HttpServer } from "node:http";
import { Server, type DefaultEventsMap, type Socket } from "socket.io";
import { limits } from "../protocol/limits.ts";
import type { PushName, PushOf } from "../protocol/pushes.ts";
import type { GatewaySettings } from "./gateway-settings.ts";
import type { Session } from "./session.ts";
import { shareWrites } from "./shared-writes.ts";

type Pushes = { [N in PushName]: (payload: PushOf<N>) => void };
/** What stands on a socket: who its token is for, and its session once connected. */
export interface SocketData {
  token: { user: Session["user"]; expiresAt: number };
  session: Session;
  /** When it was admitted, by the database's clock. */
  admittedAt: number;
}

export type SocketServer = Server<DefaultEventsMap, Pushes, DefaultEventsMap, SocketData>;
export type GatewaySocket = Socket<DefaultEventsMap, Pushes, DefaultEventsMap, SocketData>;

/** A Socket.IO server on WebSocket alone, without compression, that takes no frame beyond `limits.frameBytes`. */
export function createSocketServer(
  httpServer: HttpServer,
  settings: Pick<GatewaySettings, "corsOrigins">,
): SocketServer {
  const sockets: SocketServer = new Server(httpServer, {
    transports: ["websocket"],
    perMessageDeflate: false,
    httpCompression: false,
    serveClient: false,
    maxHttpBufferSize: limits.frameBytes,
    connectTimeout: limits.challengeTimeoutMs,
    allowRequest: (request, decide) => decide(null, isOriginAllowed(request, settings.corsOrigins)),
  });
  shareWrites(sockets);
  return sockets;
}

/** Browsers name the page's origin; programs do not, and need no protection from pages. */
function isOriginAllowed(request: IncomingMessage, allowed: readonly string[]): boolean {
  const { origin, host } = request.headers;
  if (origin === undefined || allowed.includes("*") || allowed.includes(origin)) return true;
  return URL.canParse(origin) && new URL(origin).host === host?.toLowerCase();
}
