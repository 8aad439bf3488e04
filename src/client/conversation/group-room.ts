import { SottoError } from "../../protocol/errors.ts";
import { devicesPerGroup, suites } from "../../protocol/limits.ts";

/** How many devices a group of this suite holds. */
export const roomOf = (suite: number): number => devicesPerGroup[suite] ?? 0;

/** Throws `group-full`, with the way out, where a group would have more devices than its suite allows. */
export function requireRoom(suite: number, devices: number): void {
  const most = roomOf(suite);
  if (devices <= most) return;
  const wayOut =
    suite === suites.large
      ? "Divide it into several."
      : `Found it anew with size: "large", which takes up to ${roomOf(suites.large)}.`;
  throw new SottoError("group-full", {
    detail: `This group takes ${most} devices; there would be ${devices}. ${wayOut}`,
  });
}
