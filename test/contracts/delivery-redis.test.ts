import { expect } from "chai";
import { userId } from "../../src/protocol/ids.ts";
import { userRoom } from "../../src/protocol/rooms.ts";
import type { AdapterName } from "../../src/cluster/adapters.ts";
import { eventually } from "../support/eventually.ts";
import { RedisServer } from "../support/servers/redis-server.ts";
import { TwoNodesOnRedis } from "../support/two-nodes-on-redis.ts";
import { deliveryContract } from "./delivery.contract.ts";

for (const name of ["classic", "sharded", "streams"] as const satisfies readonly AdapterName[]) {
  describe(`delivery over Redis, ${name} adapter`, function () {
    this.timeout(120_000);
    let redis: RedisServer;
    before(async () => {
      redis = await RedisServer.start();
    });
    after(() => redis.end());

    deliveryContract(async () => {
      const nodes = await TwoNodesOnRedis.start(redis.url, name);
      return {
        delivery: nodes.delivery,
        // Sharded: a room's subscription is under way when its first socket is in.
        join: async (rooms) => {
          const joined = await nodes.there.join(rooms);
          await nodes.connected();
          return joined;
        },
        joinHere: (rooms) => nodes.here.join(rooms),
        end: () => nodes.close(),
      };
    });

    it("reaches a room whose last socket left and came back at once", async () => {
      const nodes = await TwoNodesOnRedis.start(redis.url, name);
      try {
        const room = userRoom(userId.parse("back-at-once"));
        const { client, socket } = await nodes.there.join([room]);
        let last = 0;
        client.on("devices:changed", ({ version }: { version: number }) => (last = version));
        const arrives = (version: number) =>
          eventually(() => {
            nodes.delivery.emit(room, "devices:changed", { user: userId.parse("back-at-once"), version });
            expect(last).to.equal(version);
          });
        await arrives(1);
        const there = nodes.there.io.sockets.sockets.get(socket)!;
        await there.leave(room);
        await there.join(room);
        // The first may still come by the old subscription.
        await arrives(2);
        await arrives(3);
      } finally {
        await nodes.close();
      }
    });

    it("goes on after Redis was away, also to rooms that were made meanwhile, and rejects nothing unheard", async () => {
      const nodes = await TwoNodesOnRedis.start(redis.url, name);
      const rejections: unknown[] = [];
      const note = (error: unknown) => rejections.push(error);
      process.on("unhandledRejection", note);
      try {
        const room = userRoom(userId.parse("meanwhile"));
        const change = (version: number) => ({ user: userId.parse("meanwhile"), version });
        await redis.kill();
        await eventually(async () => {
          const near = await nodes.here.join([room]);
          const heard = new Promise((resolve) => near.client.once("devices:changed", resolve));
          nodes.delivery.emit(room, "devices:changed", change(1));
          await Promise.race([heard, new Promise((_, reject) => setTimeout(reject, 200, new Error("not heard")))]);
        });
        const far = await nodes.there.join([room]);
        for (let push = 0; push < 50; push += 1) nodes.delivery.emit(room, "devices:changed", change(2));
        nodes.delivery.closeSockets(userRoom(userId.parse("nobody")), { code: "replaced" });
        await redis.startAgain();
        await nodes.connected();
        let last = 0;
        far.client.on("devices:changed", ({ version }: { version: number }) => (last = version));
        await eventually(() => {
          nodes.delivery.emit(room, "devices:changed", change(3));
          expect(last).to.equal(3);
        }, 10_000);
        expect(rejections).to.deep.equal([]);
      } finally {
        process.off("unhandledRejection", note);
        await nodes.close();
      }
    });
  });
}
