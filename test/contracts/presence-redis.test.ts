import { PresenceNode } from "../support/presence-node.ts";
import { RedisServer } from "../support/servers/redis-server.ts";
import { graceMs, presenceContract } from "./presence.contract.ts";

describe("presence over Redis", function () {
  this.timeout(120_000);
  let redis: RedisServer;
  before(async () => {
    redis = await RedisServer.start();
  });
  after(() => redis.end());

  presenceContract(async () => {
    await redis.flush();
    const [one, other] = [
      await PresenceNode.open(redis.url, { graceMs }),
      await PresenceNode.open(redis.url, { graceMs }),
    ];
    return {
      one: one.presence,
      other: other.presence,
      end: () => {
        one.close();
        other.close();
      },
    };
  });
});
