import type { ConversationId, DeviceId, UserId } from "../../protocol/ids.ts";

/** A conversation that some device has not acked to its head. */
export interface DueConversation {
  conversation: ConversationId;
  head: number;
  /** Live devices behind the head, with how far they are; the sender's own included (its doorbell may be lost too). */
  laggards: { user: UserId; device: DeviceId; position: number }[];
  /**
   * Users for whom a message of somebody else waits here that none of their devices has acked and that has not expired.
   * `newestAt`: `acceptedAt` of the newest of them.
   */
  waiting: { user: UserId; newestAt: number }[];
}

export interface Expiry {
  conversation: ConversationId;
  /** The recipient for whom time ran out. */
  user: UserId;
  sequence: number;
  at: number;
  version: number;
  /** Users to tell: the others in the conversation. */
  tell: UserId[];
}

/** What one purge found, by table. `rows` were deleted, or would be. `putOff`: somebody holds what is to go; a later turn goes on. */
export type PurgeReport = { table: string; rule: string; rows: number; putOff?: true }[];

/** Log entries that came in the last `days` (up to seven, and a fraction), and what their payloads take together. */
export interface Growth {
  days: number;
  entries: number;
  payloadBytes: number;
}

/** `put-off`: somebody was in the way. Nothing is lost by it, and a later turn does it. */
export type Outcome = "done" | "put-off";

/** The `now` of a sweep is the database's time (`FollowingStore.clock`): what it decides by it is deleted for good. */
export interface MaintenanceStore {
  /** The key of this name, the same for whoever asks; `fresh` becomes it where there was none. At most 64 bytes. */
  nodeKey(name: string, fresh: Uint8Array): Promise<Uint8Array>;
  /**
   * Whether the caller is the one to run a sweep now: it has not been claimed for `everyMs`, by whomever. So that workers,
   * backstops and any number of nodes together run it as often as one.
   */
  claimSweep(name: string, everyMs: number, now: number): Promise<boolean>;
  /** When each sweep was last claimed, by name. */
  readSweeps(): Promise<{ name: string; ranAt: number }[]>;
  /** What a sweep did when it last ran, as JSON, in the place of what it said before. */
  noteReport(name: string, report: string): Promise<void>;
  /** Undefined where there is none. */
  readReport(name: string): Promise<string | undefined>;
  /** Makes room ahead of time for what is to come, such as partitions of the log. Safe at any time, and from several nodes. */
  prepare(now: number): Promise<Outcome>;
  /**
   * Conversations due for a doorbell, leased for `leaseMs` so that two sweepers do not take the same. A conversation is due
   * from its last accept on, with growing intervals (`nextAt`), until nobody lags; then it is cleared if its head has not moved.
   * `more`: as many were looked at as asked for, those that were cleared included.
   */
  leaseDueConversations(
    now: number,
    limit: number,
    leaseMs: number,
  ): Promise<{ due: DueConversation[]; more: boolean }>;
  /** After ringing: next due with exponential back-off from 2 s to 1 h. */
  postponeConversation(conversation: ConversationId, head: number, now: number): Promise<void>;
  /**
   * Recipients who have not got messages accepted before `now − ttlMs`: writes one `expired` receipt per (conversation,
   * user) that says up to where, and takes them out of the queue. The messages stay history. Idempotent. A device has not
   * got what lies before its join: that is for the user's earlier devices. `more`: as many conversations were looked at as `limit`.
   */
  expireUndelivered(now: number, ttlMs: number, limit: number): Promise<{ expiries: Expiry[]; more: boolean }>;
  /**
   * Deletes, in chunks, whatever has an end: log entries past retention (commits no sooner than messages), messages past the shorter
   * retention of their conversation and those that disappear (their hashes stay where a device has still to pass them), groups that
   * everybody has left, receipts 30 days after all have the message, expired key packages and link offers, Welcomes past retention or unreferenced, requests to be
   * re-added past `UNDELIVERED_TTL_DAYS`, conversations neither founded nor opened within the retention, due rows of what is
   * gone, positions and numbers of removed devices past retention. `partitions`: of the log, dropped at most, where it has any; not
   * said: all that are past.
   */
  purge(options: { now: number; dryRun: boolean; chunk: number; partitions?: number }): Promise<PurgeReport>;
  /** How fast the log has grown of late; of a sample of it, where it is large. For `doctor`. */
  measureGrowth(now: number): Promise<Growth>;
  /** Sizes for `doctor` and metrics. */
  measure(): Promise<{ conversations: number; messages: number; devices: number; due: number; bytes: number }>;
}
