import type { Delivery } from "../../src/actors/ports/delivery.ts";

/** A delivery that reaches nobody. */
export const silentDelivery: Delivery = {
  emit: () => undefined,
  joinRoom: () => undefined,
  leaveRoom: () => undefined,
  closeSockets: () => undefined,
};
