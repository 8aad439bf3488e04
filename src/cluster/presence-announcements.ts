import type { PresenceStatus } from "../actors/ports/presence.ts";
import type { UserId } from "../protocol/ids.ts";
import { keys } from "./keys.ts";
import type { RedisConnection } from "./redis-connection.ts";

const channelsStart = keys.presenceChanged("");

/** What is announced of the users that this node watches. Each subscription is one channel; what gets lost stays unheard. */
export class PresenceAnnouncements {
  private readonly subscriber: RedisConnection;
  private readonly watched = new Set<UserId>();
  private listener: (status: PresenceStatus) => void = () => undefined;

  constructor(subscriber: RedisConnection) {
    this.subscriber = subscriber;
    subscriber.client.on("ready", () => this.reconcile());
  }

  watch(users: readonly UserId[]): void {
    const fresh = users.filter((user) => !this.watched.has(user));
    for (const user of fresh) this.watched.add(user);
    if (this.subscriber.isReady) this.subscribe(fresh);
  }

  unwatch(users: readonly UserId[]): void {
    const known = users.filter((user) => this.watched.delete(user));
    if (this.subscriber.isReady) this.unsubscribe(known.map((user) => keys.presenceChanged(user)));
  }

  onChange(listener: (status: PresenceStatus) => void): void {
    this.listener = listener;
  }

  /** The library subscribes again by itself to what it knew: it lacks what was watched meanwhile, and has what is not any more. */
  private reconcile(): void {
    const known = [...this.subscriber.client.getPubSubListeners("CHANNELS").keys()];
    this.unsubscribe(known.filter((channel) => !this.watched.has(userOf(channel))));
    this.subscribe([...this.watched]);
  }

  private subscribe(users: readonly UserId[]): void {
    if (users.length === 0) return;
    const channels = users.map((user) => keys.presenceChanged(user));
    this.subscriber.client.subscribe(channels, this.hear).catch(() => undefined);
  }

  private unsubscribe(channels: readonly string[]): void {
    if (channels.length === 0) return;
    this.subscriber.client.unsubscribe([...channels], this.hear).catch(() => undefined);
  }

  /** One function for all channels: the library calls each that it was given, and knows one again. */
  private readonly hear = (message: string, channel: string): void => {
    const user = userOf(channel);
    if (!this.watched.has(user)) return;
    const online = message === "online";
    this.listener({ user, online, lastSeen: online ? null : Number(message) });
  };
}

function userOf(channel: string): UserId {
  return channel.slice(channelsStart.length) as UserId;
}
