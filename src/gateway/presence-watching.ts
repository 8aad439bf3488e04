/**
 * Who on this node watches whose presence. Owns the lists, one a socket, and the pace: changes are collected and go out a few
 * times a second at most, the newest of each user; later, while the node has no time for its messages or a socket does not
 * take in what it was sent. Announcements may get lost: what is watched is read again now and then.
 */
import { monitorEventLoopDelay } from "node:perf_hooks";
import type { Presence, PresenceStatus } from "../actors/ports/presence.ts";
import type { UserId } from "../protocol/ids.ts";
import type { Session } from "./session.ts";
import { charactersWaiting } from "./slow-readers.ts";

/** In milliseconds. */
export interface WatchingTimings {
  paceMs: number;
  rereadMs: number;
  /** A loop that comes round so seldom has other things to do. */
  busyMs: number;
}

const defaultTimings: WatchingTimings = { paceMs: 500, rereadMs: 30_000, busyMs: 70 };
const usersPerRead = 500;
/** A socket for which more is waiting gets its messages first. */
const waitingAtMost = 64 * 1024;
/** How often the loop is looked at. */
const resolutionMs = 20;

export class PresenceWatching {
  private readonly presence: Presence;
  private readonly timings: WatchingTimings;
  private readonly watchers = new Map<UserId, Set<Session>>();
  private readonly watchedBy = new Map<Session, Set<UserId>>();
  /** The newest that is known of watched users. */
  private readonly latest = new Map<UserId, PresenceStatus>();
  /** Of whom a socket has yet to hear. */
  private readonly owed = new Map<Session, Set<UserId>>();
  private readonly loop = monitorEventLoopDelay({ resolution: resolutionMs });
  private pace: NodeJS.Timeout | undefined;
  private readonly reread: NodeJS.Timeout;
  private isStopped = false;

  constructor(presence: Presence, timings: Partial<WatchingTimings> = {}) {
    this.presence = presence;
    this.timings = { ...defaultTimings, ...timings };
    presence.onChange((status) => this.note(status));
    this.loop.enable();
    this.reread = setInterval(() => void this.readAgain(), this.timings.rereadMs * (0.9 + Math.random() * 0.2)).unref();
  }

  /** In the place of what this socket watched before. */
  watch(session: Session, users: readonly UserId[]): void {
    const watched = new Set(users);
    this.drop(session, (user) => !watched.has(user));
    const fresh = [...watched].filter((user) => !this.watchers.has(user));
    if (watched.size > 0) this.watchedBy.set(session, watched);
    for (const user of watched) {
      const watchers = this.watchers.get(user);
      if (watchers) watchers.add(session);
      else this.watchers.set(user, new Set([session]));
    }
    if (fresh.length > 0) this.presence.watch(fresh);
  }

  /** What was read of watched users: who watches them and has heard otherwise is told. */
  learn(statuses: readonly PresenceStatus[]): void {
    for (const status of statuses) {
      const known = this.latest.get(status.user);
      if (known && (known.online !== status.online || known.lastSeen !== status.lastSeen)) this.note(status);
      else if (this.watchers.has(status.user)) this.latest.set(status.user, status);
    }
  }

  /** The socket has left. */
  forget(session: Session): void {
    this.drop(session, () => true);
  }

  stop(): void {
    this.isStopped = true;
    clearTimeout(this.pace);
    clearInterval(this.reread);
    this.loop.disable();
  }

  private drop(session: Session, isDropped: (user: UserId) => boolean): void {
    const dropped = [...(this.watchedBy.get(session) ?? [])].filter(isDropped);
    for (const user of dropped) {
      this.watchers.get(user)!.delete(session);
      this.owed.get(session)?.delete(user);
    }
    this.watchedBy.delete(session);
    if (this.owed.get(session)?.size === 0) this.owed.delete(session);
    const unwatched = dropped.filter((user) => this.watchers.get(user)!.size === 0);
    for (const user of unwatched) {
      this.watchers.delete(user);
      this.latest.delete(user);
    }
    if (unwatched.length > 0) this.presence.unwatch(unwatched);
  }

  private note(status: PresenceStatus): void {
    const watchers = this.watchers.get(status.user);
    if (!watchers) return;
    this.latest.set(status.user, status);
    for (const session of watchers) {
      const owed = this.owed.get(session);
      if (owed) owed.add(status.user);
      else this.owed.set(session, new Set([status.user]));
    }
    this.tellSoon();
  }

  private tellSoon(): void {
    if (this.pace !== undefined || this.isStopped) return;
    this.loop.reset();
    this.pace = setTimeout(() => {
      this.pace = undefined;
      // No number where it did not come round once.
      if (this.loop.mean / 1e6 <= this.timings.busyMs) this.tell();
      if (this.owed.size > 0) this.tellSoon();
    }, this.timings.paceMs).unref();
  }

  private tell(): void {
    for (const [session, users] of this.owed) {
      if (charactersWaiting(session.socket.conn) > waitingAtMost) continue;
      this.owed.delete(session);
      if (session.state !== "admitted") continue;
      const statuses = [...users].flatMap((user) => this.latest.get(user) ?? []);
      session.socket.emit("presence:changed", { users: statuses });
    }
  }

  private async readAgain(): Promise<void> {
    const users = [...this.watchers.keys()];
    try {
      for (let next = 0; next < users.length; next += usersPerRead) {
        this.learn(await this.presence.statusOf(users.slice(next, next + usersPerRead)));
      }
    } catch {
      // Nobody knows just now: the next time tells.
      return;
    }
  }
}
