import { silentTelemetry } from "../../src/actors/ports/silent-telemetry.ts";
import { MemoryDelivery } from "../../src/cluster/memory-delivery.ts";
import { SocketRooms } from "../support/socket-rooms.ts";
import { deliveryContract } from "./delivery.contract.ts";

describe("delivery in memory", () => {
  deliveryContract(async () => {
    const rooms = await SocketRooms.start();
    rooms.open();
    return {
      delivery: new MemoryDelivery(rooms.io, silentTelemetry),
      join: (names) => rooms.join(names),
      joinHere: (names) => rooms.join(names),
      end: () => rooms.close(),
    };
  });
});
