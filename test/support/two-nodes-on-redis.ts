import { silentTelemetry } from "../../src/actors/ports/silent-telemetry.ts";
import { attachAdapter, type AdapterName, type AttachedAdapter } from "../../src/cluster/adapters.ts";
import { RedisDelivery } from "../../src/cluster/redis-delivery.ts";
import { eventually } from "./eventually.ts";
import { SocketRooms } from "./socket-rooms.ts";

/** Two Socket.IO servers that pass pushes on to each other over one Redis. */
export class TwoNodesOnRedis {
  readonly here: SocketRooms;
  readonly there: SocketRooms;
  readonly delivery: RedisDelivery;
  readonly deliveryThere: RedisDelivery;
  private readonly adapters: AttachedAdapter[];

  private constructor([here, there]: [SocketRooms, SocketRooms], adapters: AttachedAdapter[]) {
    this.here = here;
    this.there = there;
    this.adapters = adapters;
    this.delivery = new RedisDelivery(here.io, () => adapters[0]!.isReady(), silentTelemetry);
    // What listens to the others' word on closing sockets.
    this.deliveryThere = new RedisDelivery(there.io, () => adapters[1]!.isReady(), silentTelemetry);
  }

  static async start(url: string, name: AdapterName): Promise<TwoNodesOnRedis> {
    const rooms: [SocketRooms, SocketRooms] = [await SocketRooms.start(), await SocketRooms.start()];
    const adapters = rooms.map(({ io }) => attachAdapter(io, { name, url, telemetry: silentTelemetry }));
    const nodes = new TwoNodesOnRedis(rooms, adapters);
    for (const each of rooms) each.open();
    await nodes.connected();
    return nodes;
  }

  /** Resolves when a push from here arrives there. */
  async connected(): Promise<void> {
    const probe = await this.there.join(["user:the-probe"]);
    let isHeard = false;
    probe.client.on("devices:changed", () => (isHeard = true));
    await eventually(
      () => {
        this.delivery.emit("user:the-probe", "devices:changed", { user: "probe" as never, version: 1 });
        if (!isHeard) throw new Error("nothing arrives there yet");
      },
      15_000,
      30,
    );
    probe.client.disconnect();
  }

  async close(): Promise<void> {
    await Promise.all([this.here.close(), this.there.close()]);
    for (const adapter of this.adapters) adapter.close();
  }
}
