/** What is said when the cluster is there: a banner for people, or a line of JSON for programs. */
import { join } from "node:path";
import type { KeptProcess } from "./kept-process.ts";
import type { Servers } from "./servers.ts";

export interface Running {
  url: string;
  balancer: string;
  nodes: readonly KeptProcess[];
  workers: readonly KeptProcess[];
  folder: string;
  servers: Servers;
  secret: string;
}

function about({ name, pid, pidFile, ports, logFile }: KeptProcess) {
  const url = `http://127.0.0.1:${ports.port}`;
  return { name, pid, pidFile, url, opsUrl: `http://127.0.0.1:${ports.opsPort}`, log: logFile };
}

export function asJson({ nodes, workers, servers, url, balancer, folder, secret }: Running): string {
  const { databaseUrl, redisUrl } = servers;
  const parts = { nodes: nodes.map(about), workers: workers.map(about) };
  return JSON.stringify({ url, balancer, ...parts, folder, databaseUrl, redisUrl, secret });
}

export function asBanner({ url, balancer, nodes, workers, folder, servers, secret }: Running): string {
  const line = ({ name, pid, opsUrl }: ReturnType<typeof about>) =>
    `  ${name.padEnd(10)} process ${String(pid).padEnd(8)} health ${opsUrl}/readyz`;
  return `
  A Sotto cluster is listening on ${url}

  balancer   ${balancer}
${[...nodes, ...workers].map((kept) => line(about(kept))).join("\n")}
  logs       ${folder}
  ${servers.arePrivate ? "Redis and MariaDB are private to this cluster, and end with it." : ""}

  The first message, in two more terminals:
    AUTH_JWT_SECRET=${secret} npx sotto chat --url ${url} --as bob --with alice
    AUTH_JWT_SECRET=${secret} npx sotto chat --url ${url} --as alice --with bob

  A rolling restart, one after the other; each is started again, as another process, and is to be healthy before the next:
    kill -TERM $(cat ${join(folder, "node-1.pid")})
  Ctrl-C ends everything.
`;
}
