import type { PresenceEntry } from "../actors/ports/presence.ts";
import type { DeviceId } from "../protocol/ids.ts";

export interface OwnSocket extends PresenceEntry {
  /** By `performance.now()`. */
  joinedAt: number;
  /** By Redis' clock, milliseconds, once Redis has said so. */
  knownSince?: number;
}

/** The sockets of this node: one a device, the newest. */
export class OwnSockets {
  private readonly byDevice = new Map<DeviceId, OwnSocket>();

  get size(): number {
    return this.byDevice.size;
  }

  all(): OwnSocket[] {
    return [...this.byDevice.values()];
  }

  add(entry: OwnSocket): void {
    this.byDevice.set(entry.device, entry);
  }

  /** Nothing happens where a newer socket of the device has come. */
  remove(entry: PresenceEntry): void {
    if (this.has(entry)) this.byDevice.delete(entry.device);
  }

  has({ device, socket }: PresenceEntry): boolean {
    return this.byDevice.get(device)?.socket === socket;
  }
}
