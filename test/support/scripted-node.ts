import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { Server, type Socket } from "socket.io";

/** A Socket.IO server without anything of a node's behind it: a test says what it does with each socket. */
export interface ScriptedNode {
  url: string;
  host: string;
  /** Tokens of the handshakes so far. */
  tokens: string[];
  close(): Promise<void>;
}

export async function startScriptedNode(script: {
  /** Throws to refuse the handshake; `data` reaches the client. */
  admit?: (token: string) => void;
  connected?: (socket: Socket) => void;
}): Promise<ScriptedNode> {
  const http = createServer();
  const server = new Server(http, { transports: ["websocket"], serveClient: false });
  const tokens: string[] = [];
  server.use((socket, next) => {
    const token = String(socket.handshake.auth["token"]);
    tokens.push(token);
    try {
      script.admit?.(token);
      next();
    } catch (refusal) {
      next(refusal as Error);
    }
  });
  server.on("connection", (socket) => script.connected?.(socket));
  await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", () => resolve()));
  const host = `127.0.0.1:${(http.address() as AddressInfo).port}`;
  return { url: `http://${host}`, host, tokens, close: async () => void (await server.close()) };
}

/** 32 bytes of nothing, as a challenge. */
export const challenge = { nonce: Buffer.alloc(32).toString("base64"), protocol: 1 };
