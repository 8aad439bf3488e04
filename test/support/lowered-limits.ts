import { devicesPerGroup, limits } from "../../src/protocol/limits.ts";

/** Lower bounds for client and node of this process, so that a few people are many. Gives back what was, when called. */
export function lowerLimits(lower: Partial<Record<keyof typeof limits, number>>): () => void {
  const before = { ...limits };
  Object.assign(limits, lower);
  return () => void Object.assign(limits, before);
}

/** The same of how many devices a group of a suite takes. */
export function lowerRoom(room: Record<number, number>): () => void {
  const before = { ...devicesPerGroup };
  Object.assign(devicesPerGroup, room);
  return () => void Object.assign(devicesPerGroup, before);
}
