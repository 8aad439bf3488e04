/** Presence within one node. Owns which sockets a device has here; forgets all when the node ends, as its sockets do. */
import type { Presence } from "../actors/ports/presence.ts";
import type { DeviceId, UserId } from "../protocol/ids.ts";

interface Entry {
  user: UserId;
  device: DeviceId;
  socket: string;
}

export class MemoryPresence implements Presence {
  private readonly sockets = new Map<DeviceId, Set<string>>();

  join({ device, socket }: Entry): Promise<void> {
    const known = this.sockets.get(device);
    if (known) known.add(socket);
    else this.sockets.set(device, new Set([socket]));
    return Promise.resolve();
  }

  leave({ device, socket }: Entry): Promise<void> {
    const known = this.sockets.get(device);
    known?.delete(socket);
    if (known?.size === 0) this.sockets.delete(device);
    return Promise.resolve();
  }

  online(devices: readonly { user: UserId; device: DeviceId }[]): Promise<Set<DeviceId>> {
    const online = devices.map(({ device }) => device).filter((device) => this.sockets.has(device));
    return Promise.resolve(new Set(online));
  }

  count(): Promise<number> {
    let count = 0;
    for (const sockets of this.sockets.values()) count += sockets.size;
    return Promise.resolve(count);
  }
}
