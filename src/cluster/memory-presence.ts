/** Presence within one node. Owns which sockets a device has here; forgets all when the node ends, as its sockets do. */
import type { Departure, Presence, PresenceEntry, PresenceStatus } from "../actors/ports/presence.ts";
import type { DeviceId, UserId } from "../protocol/ids.ts";

const defaultGraceMs = 30_000;
/** Users whose last leave is remembered; beyond, who left longest ago is forgotten. */
const rememberedAtMost = 100_000;

interface Connected {
  device: DeviceId;
  /** When the line was lost, of an entry in its grace. */
  goneAt: number | null;
}

export class MemoryPresence implements Presence {
  private readonly sockets = new Map<UserId, Map<string, Connected>>();
  private readonly lastSeen = new Map<UserId, number>();
  private readonly watched = new Set<UserId>();
  private readonly graceMs: number;
  private listener: (status: PresenceStatus) => void = () => undefined;
  private connected = 0;

  constructor(options: { graceMs?: number } = {}) {
    this.graceMs = options.graceMs ?? defaultGraceMs;
  }

  join({ user, device, socket }: PresenceEntry): Promise<void> {
    const known = this.sockets.get(user) ?? new Map<string, Connected>();
    const wasOnline = known.size > 0;
    for (const [id, entry] of known) if (entry.device === device) this.remove(known, id);
    known.set(socket, { device, goneAt: null });
    this.connected += 1;
    this.sockets.set(user, known);
    if (!wasOnline) this.tell(user);
    return Promise.resolve();
  }

  leave({ user, socket }: PresenceEntry, how: Departure): Promise<void> {
    const known = this.sockets.get(user);
    const entry = known?.get(socket);
    if (!known || entry?.goneAt !== null) return Promise.resolve();
    if (how === "left") {
      this.remove(known, socket);
      this.note(user, Date.now());
      this.tellIfGone(user, known);
    } else {
      entry.goneAt = Date.now();
      this.connected -= 1;
      setTimeout(() => this.endGraces(user), this.graceMs + 1).unref();
    }
    return Promise.resolve();
  }

  online(devices: readonly { user: UserId; device: DeviceId }[]): Promise<Set<DeviceId>> {
    const isOnline = ({ user, device }: { user: UserId; device: DeviceId }) =>
      [...(this.sockets.get(user)?.values() ?? [])].some((entry) => entry.device === device && entry.goneAt === null);
    return Promise.resolve(new Set(devices.filter(isOnline).map(({ device }) => device)));
  }

  statusOf(users: readonly UserId[]): Promise<PresenceStatus[]> {
    return Promise.resolve(users.map((user) => this.status(user)));
  }

  watch(users: readonly UserId[]): void {
    for (const user of users) this.watched.add(user);
  }
  unwatch(users: readonly UserId[]): void {
    for (const user of users) this.watched.delete(user);
  }
  onChange(listener: (status: PresenceStatus) => void): void {
    this.listener = listener;
  }

  reap(): Promise<number> {
    let gone = 0;
    for (const user of this.sockets.keys()) if (this.endGraces(user)) gone += 1;
    return Promise.resolve(gone);
  }

  count(): number {
    return this.connected;
  }

  private remove(known: Map<string, Connected>, socket: string): void {
    if (known.get(socket)?.goneAt === null) this.connected -= 1;
    known.delete(socket);
  }

  /** Whether the user is gone by it. */
  private endGraces(user: UserId): boolean {
    const known = this.sockets.get(user);
    if (!known) return false;
    for (const [socket, { goneAt }] of known) {
      if (goneAt === null || goneAt + this.graceMs > Date.now()) continue;
      this.remove(known, socket);
      this.note(user, goneAt);
    }
    return this.tellIfGone(user, known);
  }

  /** The latest counts, in whatever order they come. */
  private note(user: UserId, at: number): void {
    const before = this.lastSeen.get(user) ?? 0;
    this.lastSeen.delete(user);
    this.lastSeen.set(user, Math.max(before, at));
    for (const oldest of this.lastSeen.keys()) {
      if (this.lastSeen.size <= rememberedAtMost) break;
      this.lastSeen.delete(oldest);
    }
  }

  private tellIfGone(user: UserId, known: Map<string, Connected>): boolean {
    if (known.size > 0) return false;
    this.sockets.delete(user);
    this.tell(user);
    return true;
  }

  private status(user: UserId): PresenceStatus {
    const online = this.sockets.has(user);
    return { user, online, lastSeen: online ? null : (this.lastSeen.get(user) ?? null) };
  }

  private tell(user: UserId): void {
    if (this.watched.has(user)) this.listener(this.status(user));
  }
}
