import { connect, createServer, type Socket } from "node:net";
import type { Ports } from "./kept-process.ts";
import { isReady } from "./readiness.ts";

/** A balancer for where there is none: one connection after the other to the next node that is ready. */
export function roundRobin(port: number, nodes: readonly Ports[]): void {
  let next = 0;
  const take = async (client: Socket): Promise<void> => {
    for (let tries = 0; tries < nodes.length; tries += 1) {
      const node = nodes[next++ % nodes.length]!;
      if (!(await isReady(node))) continue;
      const upstream = connect(node.port, "127.0.0.1");
      upstream.on("error", () => client.destroy());
      client.pipe(upstream).pipe(client);
      return;
    }
    client.destroy();
  };
  createServer((client) => {
    client.on("error", () => client.destroy());
    void take(client);
  }).listen(port, "127.0.0.1");
}
