import { createServer, type IncomingHttpHeaders, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { importJWK, jwtVerify, type JWTPayload, type JWTHeaderParameters } from "jose";

export interface ReceivedWebPush {
  at: number;
  method: string;
  path: string;
  headers: IncomingHttpHeaders;
  body: string;
}

/** A browser's push service: a real HTTP server that keeps what it is sent. */
export class WebPushReceiver {
  readonly pushes: ReceivedWebPush[] = [];
  readonly origin: string;
  /** What it answers with, at any path. */
  answer: (response: ServerResponse) => void = (response) => void response.writeHead(201).end();
  private readonly server: ReturnType<typeof createServer>;

  private constructor(server: ReturnType<typeof createServer>) {
    this.server = server;
    this.origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  static async start(): Promise<WebPushReceiver> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const service = new WebPushReceiver(server);
    server.on("request", (request, response) => {
      let body = "";
      request.setEncoding("utf8").on("data", (chunk: string) => (body += chunk));
      request.on("end", () => {
        const { method = "", url: path = "", headers } = request;
        service.pushes.push({ at: performance.now(), method, path, headers, body });
        service.answer(response);
      });
    });
    return service;
  }

  answersWith(status: number, headers: Record<string, string> = {}): void {
    this.answer = (response) => void response.writeHead(status, headers).end();
  }

  pathsCalled(): string[] {
    return this.pushes.map(({ path }) => path);
  }

  async close(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }
}

/** What the `Authorization` of a push says, its signature checked as a push service does it. Throws when it does not hold. */
export async function vapidOf(
  push: ReceivedWebPush,
): Promise<{ header: JWTHeaderParameters; claims: JWTPayload; publicKey: string }> {
  const [, token, publicKey] = /^vapid t=([\w.-]+), k=([\w-]+)$/.exec(push.headers.authorization ?? "") ?? [];
  if (token === undefined || publicKey === undefined) throw new Error("no VAPID in the Authorization header");
  const point = Buffer.from(publicKey, "base64url");
  if (point.length !== 65 || point[0] !== 4) throw new Error("k is no uncompressed point");
  const [x, y] = [point.subarray(1, 33).toString("base64url"), point.subarray(33).toString("base64url")];
  const key = await importJWK({ kty: "EC", crv: "P-256", x, y }, "ES256");
  const { payload, protectedHeader } = await jwtVerify(token, key, { algorithms: ["ES256"] });
  return { header: protectedHeader, claims: payload, publicKey };
}
