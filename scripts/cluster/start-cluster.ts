import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { freePort } from "../../test/support/servers/free-port.ts";
import type { Running } from "./announcement.ts";
import { balance } from "./balancer.ts";
import type { KeptProcess } from "./kept-process.ts";
import type { LocalCluster } from "./local-cluster.ts";
import type { ClusterOptions } from "./options.ts";
import { mustBeFree, untilAnswers, untilReady } from "./readiness.ts";
import { openServers, type Servers } from "./servers.ts";
import { keepSotto, runSottoToEnd } from "./sotto-processes.ts";

/** Resolves when everything answers; with undefined when the cluster was ended meanwhile. */
export async function startCluster(cluster: LocalCluster, options: ClusterOptions): Promise<Running | undefined> {
  const port = options.port || (await freePort());
  await mustBeFree(port);
  const servers = await openServers(cluster);
  const secret = process.env["AUTH_JWT_SECRET"] ?? randomBytes(32).toString("base64url");
  const settings = settingsOf(servers, { secret, port, folder: cluster.folder });
  await runSottoToEnd(cluster, "migrate", settings);
  if (cluster.isEnding) return undefined;
  const keep = async (kind: "node" | "worker", count: number): Promise<KeptProcess[]> => {
    const kept: KeptProcess[] = [];
    for (let index = 1; index <= count && !cluster.isEnding; index += 1) {
      const ports = { port: await freePort(), opsPort: await freePort() };
      const command = kind === "node" ? "start" : "worker";
      kept.push(keepSotto(cluster, { name: `${kind}-${index}`, command, ports, settings }));
    }
    return kept;
  };
  const nodes = await keep("node", options.nodes);
  const workers = await keep("worker", options.workers);
  await Promise.all([...nodes, ...workers].map(untilReady));
  const places = nodes.map(({ ports }) => ports);
  const balancer = balance(cluster, port, places);
  const url = `http://localhost:${port}`;
  await untilAnswers(url);
  return { url, balancer, nodes, workers, folder: cluster.folder, servers, secret };
}

function settingsOf(
  { databaseUrl, redisUrl }: Servers,
  { secret, port, folder }: { secret: string; port: number; folder: string },
): Record<string, string> {
  return {
    DATABASE_URL: databaseUrl,
    REDIS_URL: redisUrl,
    AUTH_JWT_SECRET: secret,
    HOST: "127.0.0.1",
    BLOB_DIR: join(folder, "blobs"),
    TRUSTED_PROXIES: "1",
    PUBLIC_HOSTS: `localhost:${port},127.0.0.1:${port}`,
    ACCOUNTS: process.env["ACCOUNTS"] ?? "on",
  };
}
