/**
 * Who on this node watches whose presence. Owns the lists, one a socket, and the pace: changes are collected and go out a few
 * times a second at most, the newest of each user; later, while the node has no time for its messages or a socket does not
 * take in what it was sent. Announcements may get lost: what is watched is read again now and then.
 * Invariant: who has blocked a watcher looks to it like somebody whom nobody remembers. That is read before anything is told,
 * and where it cannot be read nothing is told.
 */
import { monitorEventLoopDelay } from "node:perf_hooks";
import type { BlockRow } from "../actors/ports/store-blocks.ts";
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
const nobody: ReadonlySet<UserId> = new Set();

export class PresenceWatching {
  private readonly presence: Presence;
  private readonly blocksOf: (users: readonly UserId[]) => Promise<BlockRow[]>;
  private readonly timings: WatchingTimings;
  private readonly watchers = new Map<UserId, Set<Session>>();
  private readonly watchedBy = new Map<Session, Set<UserId>>();
  /** The newest that is known of watched users. */
  private readonly latest = new Map<UserId, PresenceStatus>();
  /** Of whom a socket has yet to hear. */
  private readonly owed = new Map<Session, Set<UserId>>();
  /** Who was shown to a socket as away for good, whatever they are. */
  private readonly hidden = new Map<Session, Set<UserId>>();
  private readonly loop = monitorEventLoopDelay({ resolution: resolutionMs });
  private pace: NodeJS.Timeout | undefined;
  private readonly reread: NodeJS.Timeout;
  private isStopped = false;

  constructor(
    { presence, blocksOf }: { presence: Presence; blocksOf: (users: readonly UserId[]) => Promise<BlockRow[]> },
    timings: Partial<WatchingTimings> = {},
  ) {
    this.presence = presence;
    this.blocksOf = blocksOf;
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

  /** How these users look to a socket, given whom they have blocked. */
  shownTo(session: Session, statuses: readonly PresenceStatus[], blocks: readonly BlockRow[]): PresenceStatus[] {
    const hiding = blockersOf(blocks).get(session.user) ?? nobody;
    return statuses.map((status) => {
      this.noteHidden(session, status.user, hiding.has(status.user));
      return hiding.has(status.user) ? awayForGood(status.user) : status;
    });
  }

  /** A user has blocked somebody, or undone it: who watches it is told how it looks now. Other nodes find it when they read again. */
  blocksChanged(user: UserId): void {
    if (this.watchers.has(user)) void this.compareBlocks([user]).catch(() => undefined);
  }

  /** The socket has left. */
  forget(session: Session): void {
    this.drop(session, () => true);
    this.hidden.delete(session);
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
      this.noteHidden(session, user, false);
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
    for (const session of watchers) this.owe(session, [status.user]);
    this.tellSoon();
  }

  private owe(session: Session, users: Iterable<UserId>): void {
    const owed = this.owed.get(session);
    this.owed.set(session, new Set([...(owed ?? []), ...users]));
  }

  private noteHidden(session: Session, user: UserId, isHidden: boolean): void {
    const hidden = this.hidden.get(session);
    if (isHidden) this.hidden.set(session, (hidden ?? new Set()).add(user));
    else if (hidden?.delete(user) && hidden.size === 0) this.hidden.delete(session);
  }

  private tellSoon(): void {
    if (this.pace !== undefined || this.isStopped) return;
    this.loop.reset();
    this.pace = setTimeout(() => void this.tellAtPace(), this.timings.paceMs).unref();
  }

  private async tellAtPace(): Promise<void> {
    // No number where it did not come round once.
    if (!(this.loop.mean / 1e6 > this.timings.busyMs)) await this.tell();
    this.pace = undefined;
    if (this.owed.size > 0) this.tellSoon();
  }

  private async tell(): Promise<void> {
    const ready = [...this.owed].filter(([{ socket }]) => charactersWaiting(socket.conn) <= waitingAtMost);
    for (const [session] of ready) this.owed.delete(session);
    let blocks: BlockRow[];
    try {
      blocks = await this.readBlocks([...new Set(ready.flatMap(([, users]) => [...users]))]);
    } catch {
      // Not knowing who may be seen: the next time.
      for (const [session, users] of ready) this.owe(session, users);
      return;
    }
    const blockers = blockersOf(blocks);
    for (const [session, users] of ready) {
      if (session.state !== "admitted") continue;
      const statuses = this.newsFor(session, users, blockers.get(session.user) ?? nobody);
      if (statuses.length > 0) session.socket.emit("presence:changed", { users: statuses });
    }
  }

  /** Of who hides, that they are away, once. */
  private newsFor(session: Session, users: Iterable<UserId>, hiding: ReadonlySet<UserId>): PresenceStatus[] {
    const news: PresenceStatus[] = [];
    for (const user of users) {
      const latest = this.latest.get(user);
      if (!latest || !this.watchedBy.get(session)?.has(user)) continue;
      const wasHidden = this.hidden.get(session)?.has(user) ?? false;
      this.noteHidden(session, user, hiding.has(user));
      if (!hiding.has(user)) news.push(latest);
      else if (!wasHidden) news.push(awayForGood(user));
    }
    return news;
  }

  private async readBlocks(users: readonly UserId[]): Promise<BlockRow[]> {
    const blocks: BlockRow[] = [];
    for (let next = 0; next < users.length; next += usersPerRead) {
      blocks.push(...(await this.blocksOf(users.slice(next, next + usersPerRead))));
    }
    return blocks;
  }

  /** Sockets to which one of these users looks otherwise than it should are told. */
  private async compareBlocks(users: readonly UserId[]): Promise<void> {
    const blocks = await this.blocksOf(users);
    const blockers = blockersOf(blocks);
    for (const user of users) {
      for (const session of this.watchers.get(user) ?? []) {
        const wasHidden = this.hidden.get(session)?.has(user) ?? false;
        if ((blockers.get(session.user) ?? nobody).has(user) !== wasHidden) this.owe(session, [user]);
      }
    }
    if (this.owed.size > 0) this.tellSoon();
  }

  private async readAgain(): Promise<void> {
    const users = [...this.watchers.keys()];
    try {
      for (let next = 0; next < users.length; next += usersPerRead) {
        const some = users.slice(next, next + usersPerRead);
        this.learn(await this.presence.statusOf(some));
        await this.compareBlocks(some);
      }
    } catch {
      // Nobody knows just now: the next time tells.
      return;
    }
  }
}

const awayForGood = (user: UserId): PresenceStatus => ({ user, online: false, lastSeen: null });

/** By whom each user is blocked. */
function blockersOf(blocks: readonly BlockRow[]): Map<UserId, Set<UserId>> {
  const blockers = new Map<UserId, Set<UserId>>();
  for (const { user, blocked } of blocks) blockers.set(blocked, (blockers.get(blocked) ?? new Set()).add(user));
  return blockers;
}
