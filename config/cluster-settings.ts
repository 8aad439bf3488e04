/** What makes a node one of many: where the nodes meet, and the database that they share. */
import { choice, integer, url } from "./setting.ts";

export const clusterSettings = {
  REDIS_URL: url({
    protocols: ["redis:", "rediss:"],
    allowed: "redis://user:password@host:6379, or rediss:// for TLS",
    why: "Makes the node one of a cluster: pushes, presence and limits go through Redis. Empty: one node alone.",
    secret: true,
  }),
  CLUSTER_ADAPTER: choice(["classic", "sharded", "streams"], {
    default: "classic",
    why: "How nodes of a cluster pass pushes on to each other (docs/decisions/0010). The same on all of them.",
  }),
  DATABASE_CONNECTIONS: integer({
    unit: "connections",
    default: 10,
    min: 2,
    max: 500,
    why: "Connections of one process to MySQL. All processes together must stay below its max_connections.",
  }),
};
