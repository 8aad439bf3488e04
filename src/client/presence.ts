/** Who of one's contacts is online, for people's eyes. Watched again by itself after each reconnection. */
import { SottoError } from "../protocol/errors.ts";
import { userId, type UserId } from "../protocol/ids.ts";
import type { ReplyOf } from "../protocol/requests.ts";
import type { Connection } from "./connection/connection.ts";

export interface PresenceEvent {
  user: UserId;
  online: boolean;
  /** When they were last there; null while online, and where nobody remembers. */
  lastSeen: Date | null;
}

type Status = ReplyOf<"presence:watch">["users"][number];

export class Presence {
  private readonly connection: Connection;
  private readonly tell: (event: PresenceEvent) => void;
  private watched: UserId[] = [];
  private readonly known = new Map<UserId, Status>();

  constructor(connection: Connection, tell: (event: PresenceEvent) => void) {
    this.connection = connection;
    this.tell = tell;
    connection.on("state", ({ state }) => {
      // What it asks for is asked again at the next reconnection, at the latest.
      if (state === "online" && this.watched.length > 0) this.ask().catch(() => undefined);
    });
    connection.on("push", (push) => {
      if (push.name === "presence:changed") this.take(push.payload.users);
    });
  }

  /**
   * Watches these users, in the place of those before; what is known of each comes as an event. Errors: `forbidden` for who
   * shares no conversation with this user, `invalid-argument`. Offline it takes effect with the next connection.
   */
  async watch(users: readonly string[]): Promise<void> {
    const parsed = users.map((user) => userId.safeParse(user));
    const ids = parsed.flatMap(({ data }) => data ?? []);
    if (ids.length !== users.length) throw new SottoError("invalid-argument", { detail: "That is not a user id." });
    this.watched = [...new Set(ids)];
    for (const user of this.known.keys()) if (!this.watched.includes(user)) this.known.delete(user);
    if (this.connection.state === "online") await this.ask();
  }

  async unwatch(): Promise<void> {
    await this.watch([]);
  }

  private async ask(): Promise<void> {
    const { users } = await this.connection.request("presence:watch", { users: this.watched });
    this.take(users);
  }

  private take(users: readonly Status[]): void {
    for (const status of users) {
      const before = this.known.get(status.user);
      if (!this.watched.includes(status.user)) continue;
      if (before?.online === status.online && before.lastSeen === status.lastSeen) continue;
      this.known.set(status.user, status);
      const { user, online, lastSeen } = status;
      this.tell({ user, online, lastSeen: lastSeen === null ? null : new Date(lastSeen) });
    }
  }
}
