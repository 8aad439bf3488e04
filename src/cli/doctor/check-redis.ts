import type { Settings } from "../../../config/settings.ts";
import type { Finding } from "./finding.ts";

/** Where the nodes of a cluster meet. Nothing is lost without it; everything is later. */
export async function checkRedis(settings: Settings): Promise<Finding> {
  if (settings.REDIS_URL === "") {
    return { check: "Redis", state: "good", says: "not asked for (REDIS_URL): one node alone, no failover" };
  }
  const where = new URL(settings.REDIS_URL).host;
  try {
    const { inspectRedis } = await import("../../cluster/inspect-redis.ts");
    const { version, evictionPolicy, usedBytes } = await inspectRedis(settings.REDIS_URL);
    const says = `${where}: version ${version}, ${Math.ceil(usedBytes / 1024)} KiB in use, ${evictionPolicy}`;
    if (evictionPolicy === "noeviction") return { check: "Redis", state: "good", says };
    const todo = "CONFIG SET maxmemory-policy noeviction: another policy drops workers' jobs when it is full";
    return { check: "Redis", state: "bad", says, todo };
  } catch (error) {
    const reason = (error as { code?: string }).code ?? (error instanceof Error ? error.name : "no reason given");
    const todo = "see that it runs, and that REDIS_URL says where; until then messages arrive some seconds late";
    return { check: "Redis", state: "bad", says: `${where} does not answer (${reason})`, todo };
  }
}
