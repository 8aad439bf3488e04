import type { ConversationId, DeviceId, UserId } from "../../protocol/ids.ts";

/** A live device in a group that has not acked the head. */
export interface Laggard {
  conversation: ConversationId;
  kind: "direct" | "group";
  head: number;
  user: UserId;
  device: DeviceId;
}

/** A user for whom receipts of others are there. */
export interface ReceiptNews {
  conversation: ConversationId;
  head: number;
  receiptVersion: number;
  user: UserId;
}

/** A user who is not in a group any more. */
export interface Departure {
  conversation: ConversationId;
  user: UserId;
}

/** What a node follows in SQL, so that a lost doorbell costs seconds whatever becomes of Redis. */
export interface FollowingStore {
  /** The database's clock, in milliseconds since 1970. */
  clock(): Promise<number>;
  /**
   * Devices that lag in conversations whose last entry was accepted in [from, to), both by the database's clock, in order of
   * (conversation, device), after a cursor. One indexed query, whatever the number of conversations that are quiet.
   */
  readLaggards(read: {
    from: number;
    to: number;
    after?: { conversation: ConversationId; device: DeviceId };
    limit: number;
  }): Promise<Laggard[]>;
  /**
   * Users of conversations in which somebody else's receipt was written in [from, to), in order of (conversation, user), after
   * a cursor.
   */
  readReceiptNews(read: {
    from: number;
    to: number;
    after?: { conversation: ConversationId; user: UserId };
    limit: number;
  }): Promise<ReceiptNews[]>;
  /** Groups that a user is in now. */
  readGroups(user: UserId): Promise<ConversationId[]>;
  /** Users who are out of a group since a time or later, and have not come back. At most `limit`, oldest first. */
  readDepartures(from: number, limit: number): Promise<Departure[]>;
  /** Devices revoked at or after a time, oldest first. */
  readRevocations(from: number, limit: number): Promise<{ device: DeviceId; revokedAt: number }[]>;
}
