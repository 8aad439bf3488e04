import { MariaDbServer } from "../../test/support/servers/mariadb-server.ts";
import { RedisServer } from "../../test/support/servers/redis-server.ts";
import { provideServers } from "../find-servers.mjs";
import type { LocalCluster } from "./local-cluster.ts";

export interface Servers {
  redisUrl: string;
  databaseUrl: string;
  /** One at least was started for this cluster, and ends with it. */
  arePrivate: boolean;
}

/** The Redis and the database that the environment names, or private ones. */
export async function openServers(cluster: LocalCluster): Promise<Servers> {
  const { REDIS_URL, DATABASE_URL } = process.env;
  const isLacking = REDIS_URL && DATABASE_URL ? "" : provideServers();
  if (isLacking !== "") throw new Error(isLacking);
  const redis = REDIS_URL ? undefined : RedisServer.start();
  const database = DATABASE_URL ? undefined : MariaDbServer.start();
  // Known to the clean-up before they are there: whoever gives up while they start leaves nothing either.
  cluster.endsWith(async () => (await redis)?.end());
  cluster.endsWith(async () => (await database)?.end());
  const [ownRedis, ownDatabase] = await Promise.all([redis, database]);
  return {
    redisUrl: REDIS_URL || ownRedis!.url,
    databaseUrl: DATABASE_URL || (await ownDatabase!.newDatabase()),
    arePrivate: ownRedis !== undefined || ownDatabase !== undefined,
  };
}
