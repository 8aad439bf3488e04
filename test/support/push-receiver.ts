import { createServer, type IncomingHttpHeaders } from "node:http";
import type { AddressInfo } from "node:net";

export interface ReceivedPush {
  at: number;
  headers: IncomingHttpHeaders;
  body: string;
  note: { version: number; id: string; user: string; attempt: number; at: number };
}

/** A host application's end of the webhook: a real HTTP server that keeps what it is told. */
export class PushReceiver {
  readonly pushes: ReceivedPush[] = [];
  readonly url: string;
  /** What it answers with. */
  status = 204;
  private readonly server: ReturnType<typeof createServer>;

  private constructor(server: ReturnType<typeof createServer>) {
    this.server = server;
    this.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`;
  }

  static async start(): Promise<PushReceiver> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const receiver = new PushReceiver(server);
    server.on("request", (request, response) => {
      let body = "";
      request.setEncoding("utf8").on("data", (chunk: string) => (body += chunk));
      request.on("end", () => {
        const note = JSON.parse(body) as ReceivedPush["note"];
        receiver.pushes.push({ at: performance.now(), headers: request.headers, body, note });
        response.writeHead(receiver.status).end();
      });
    });
    return receiver;
  }

  async close(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }
}
