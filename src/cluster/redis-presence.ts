/**
 * Presence of all nodes: a registry in Redis of users, their devices' sockets and the nodes that hold them. Each node has a
 * lease; what a node leaves behind that ended without a word counts no more when it has run out, and is removed by whoever
 * reaps. A heartbeat renews the lease and puts back what Redis has lost. Never the truth, never waited for long: when Redis
 * is away joins and leaves are made good by the heartbeats after it.
 */
import { randomBytes } from "node:crypto";
import type { Departure, Presence, PresenceEntry, PresenceStatus } from "../actors/ports/presence.ts";
import type { Telemetry } from "../actors/ports/silent-telemetry.ts";
import type { DeviceId, UserId } from "../protocol/ids.ts";
import { OwnSockets, type OwnSocket } from "./own-sockets.ts";
import { PresenceAnnouncements } from "./presence-announcements.ts";
import { patienceMs, PresenceRegistry } from "./presence-registry.ts";
import { withPatience, type RedisConnection } from "./redis-connection.ts";

/** In milliseconds. The first two are the same on every node. */
export interface PresenceTimings {
  leaseMs: number;
  graceMs: number;
  heartbeatMs: number;
}

const defaultTimings: PresenceTimings = { leaseMs: 30_000, graceMs: 30_000, heartbeatMs: 8_000 };
/** Sockets looked at on each heartbeat, and put back at once when all have to be. */
const slice = 200;
/** Beyond, what happened during an outage shows when leases and keys run out. */
const unheardAtMost = 100_000;
/** Redis measures the grace by its own clock: looked at so much later, it is over there, too. */
const clocksDifferMs = 100;

export interface RedisPresenceParts {
  connection: RedisConnection;
  /** For announcements: a connection of its own, as Redis wants it. */
  subscriber: RedisConnection;
  telemetry: Telemetry;
  timings?: Partial<PresenceTimings>;
}

export class RedisPresence implements Presence {
  /** Of this process, new each time it starts. */
  readonly node = randomBytes(9).toString("base64url");
  private readonly parts: RedisPresenceParts;
  private readonly timings: PresenceTimings;
  private readonly registry: PresenceRegistry;
  private readonly announcements: PresenceAnnouncements;
  private readonly here = new OwnSockets();
  /** Whose line was lost here, and when their grace ends: somebody has to look then. */
  private readonly inGrace = new Map<UserId, number>();
  /** What Redis has not heard yet, by socket: the last thing that happened to it. */
  private readonly unheard = new Map<string, () => Promise<void>>();
  private readonly timer: NodeJS.Timeout;
  private isLeased = false;
  private isRepairing = false;
  /** The sockets to be put back, or kept alive, next. */
  private due: OwnSocket[] = [];
  private mustRestore = false;

  constructor(parts: RedisPresenceParts) {
    const { connection, subscriber } = parts;
    this.parts = parts;
    this.timings = { ...defaultTimings, ...parts.timings };
    this.registry = new PresenceRegistry(connection, { ...this.timings, node: this.node });
    this.announcements = new PresenceAnnouncements(subscriber);
    this.timer = setInterval(() => void this.heartbeat(), this.timings.heartbeatMs).unref();
    connection.client.on("ready", () => void this.heartbeat());
  }

  async join(entry: PresenceEntry): Promise<void> {
    const socket: OwnSocket = { ...entry, joinedAt: performance.now() };
    this.here.add(socket);
    await this.tell(socket.socket, async () => {
      if (!this.isLeased) await this.renewLease();
      await this.register(socket);
    });
  }

  async leave(entry: PresenceEntry, how: Departure): Promise<void> {
    const leftAt = performance.now();
    this.here.remove(entry);
    if (how === "lost" && this.inGrace.size < unheardAtMost) {
      this.inGrace.set(entry.user, leftAt + this.timings.graceMs + clocksDifferMs);
    }
    await this.tell(entry.socket, () => this.registry.leave(entry, how, performance.now() - leftAt));
  }

  async online(devices: readonly { user: UserId; device: DeviceId }[]): Promise<Set<DeviceId>> {
    if (devices.length === 0) return new Set();
    const online = await this.registry.devicesOnline([...new Set(devices.map(({ user }) => user))]);
    return new Set(devices.map(({ device }) => device).filter((device) => online.has(device)));
  }

  async statusOf(users: readonly UserId[]): Promise<PresenceStatus[]> {
    return users.length === 0 ? [] : this.registry.statusOf(users);
  }

  watch(users: readonly UserId[]): void {
    this.announcements.watch(users);
  }
  unwatch(users: readonly UserId[]): void {
    this.announcements.unwatch(users);
  }
  onChange(listener: (status: PresenceStatus) => void): void {
    this.announcements.onChange(listener);
  }

  /** Answers how many users went. */
  async reap(): Promise<number> {
    if (!this.parts.connection.isReady) return 0;
    let gone = await this.settleGraces();
    for (const node of await this.registry.endedNodes()) {
      if (node === this.node) continue;
      for await (const users of this.registry.usersOf(node)) {
        const went = await Promise.all(users.map((user) => this.registry.settle(user, node)));
        gone += went.filter(Boolean).length;
      }
      await this.registry.forgetNode(node);
    }
    return gone;
  }

  count(): number {
    return this.here.size;
  }

  /** Stops the heartbeat. What is registered counts until the lease ends: clients come back elsewhere within that time. */
  close(): void {
    clearInterval(this.timer);
  }

  /** The lease is renewed on time, whatever is still being repaired. */
  private async heartbeat(): Promise<void> {
    await this.quietly(async () => {
      await this.renewLease();
      if (this.isRepairing) return;
      this.isRepairing = true;
      try {
        await this.makeGood();
        await this.keepAlive();
        await this.settleGraces();
      } finally {
        this.isRepairing = false;
      }
    });
  }

  private async renewLease(): Promise<void> {
    const wasHeld = await this.registry.renewLease();
    this.isLeased = true;
    if (wasHeld) return;
    // Redis was emptied, or others took this node for dead: all its sockets are put back.
    this.due = this.here.all();
    this.mustRestore = true;
  }

  private async makeGood(): Promise<void> {
    for (const [socket, work] of this.unheard) {
      await work();
      this.heard(socket, work);
    }
  }

  /** A few at a time in turn, so that none is ever missing for good; all of them, where all may be missing. */
  private async keepAlive(): Promise<void> {
    if (this.due.length === 0) this.due = this.here.all();
    do {
      const due = this.due;
      await Promise.all(due.slice(0, slice).map((socket) => this.register(socket)));
      // Unless the lease ended meanwhile, and all are due again.
      if (this.due === due) this.due = due.slice(slice);
    } while (this.mustRestore && this.due.length > 0);
    this.mustRestore = false;
  }

  private async register(socket: OwnSocket): Promise<void> {
    // It may have left while this waited.
    if (!this.here.has(socket)) return;
    socket.knownSince = await this.registry.join(socket, performance.now() - socket.joinedAt, socket.knownSince);
  }

  private async settleGraces(): Promise<number> {
    let gone = 0;
    const now = performance.now();
    for (const [user, until] of this.inGrace) {
      if (until > now) continue;
      if (await this.registry.settle(user)) gone += 1;
      if (this.inGrace.get(user) === until) this.inGrace.delete(user);
    }
    return gone;
  }

  /** Now, or with a heartbeat after Redis is back. */
  private async tell(socket: string, work: () => Promise<void>): Promise<void> {
    if (this.unheard.size < unheardAtMost || this.unheard.has(socket)) this.unheard.set(socket, work);
    await this.quietly(() =>
      withPatience(
        work().then(() => this.heard(socket, work)),
        patienceMs,
      ),
    );
  }

  private heard(socket: string, work: () => Promise<void>): void {
    if (this.unheard.get(socket) === work) this.unheard.delete(socket);
  }

  private async quietly(work: () => Promise<void>): Promise<void> {
    if (!this.parts.connection.isReady) return;
    try {
      await work();
    } catch (error) {
      this.parts.telemetry.log.debug("presence.failed", { error });
    }
  }
}
