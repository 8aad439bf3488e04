import type { AppendDeviceEntry } from "../actors/ports/store-devices.ts";

/** The account key that a list has after an entry, 32 bytes: a reset brings another one. */
export function nextAccountKey({ accountKey, change }: AppendDeviceEntry): Uint8Array {
  return change.operation === "reset" ? change.nextAccountKey : accountKey;
}
