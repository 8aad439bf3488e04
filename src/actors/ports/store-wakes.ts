import type { DeviceId, UserId } from "../../protocol/ids.ts";

/** A user for whom something waited, and whose next push is due. */
export interface DueWake {
  user: UserId;
  /** Pushes sent for what waits, so far. */
  attempt: number;
  /** `acceptedAt` of the newest message that waited when this was leased. */
  newestAt: number;
  /** Whether a message still waits for this user: not acked by any of its devices, nor expired, nor past retention. */
  waits: boolean;
}

/** Where a browser's push service takes pushes for a device: a URL that only the two and this service know. */
export interface PushSubscriptionRow {
  user: UserId;
  device: DeviceId;
  endpoint: string;
}

/** When people who are away are to be woken. The schedule stands in SQL, so that no loss of anything else changes it. */
export interface WakeStore {
  /**
   * Something accepted at `newestAt` waits for each of these users. One newer than what the schedule knows begins it anew, at
   * attempt 0, due at `dueAt`, but not before `quietMs` after the last push. Otherwise nothing changes.
   */
  noteWaiting(waiting: readonly { user: UserId; newestAt: number }[], dueAt: number, quietMs: number): Promise<void>;
  /** Due wakes, leased for `leaseMs` so that two sweepers do not take the same. */
  leaseDueWakes(now: number, limit: number, leaseMs: number): Promise<DueWake[]>;
  /** The wake of one user as it stands now, leased or not; undefined where there is none. */
  readWake(user: UserId): Promise<DueWake | undefined>;
  /**
   * What came of a leased wake. `pushed`: one more attempt, next due at `nextAt`; `postponed`: nobody was pushed, due again at
   * `nextAt`; `done`: nothing waits, the schedule ends. Something newer that came since the lease is not undone by it, but
   * waits until `quietUntil` after a push. Told twice of the same wake, it counts once.
   */
  concludeWake(
    wake: Pick<DueWake, "user" | "newestAt" | "attempt">,
    outcome:
      | { kind: "pushed"; nextAt: number; quietUntil: number; now: number }
      | { kind: "postponed"; nextAt: number }
      | { kind: "done" },
  ): Promise<void>;

  /** One per device; a new one replaces it. A revoked or unknown device has none. */
  putPushSubscription(subscription: PushSubscriptionRow): Promise<"stored" | "device-revoked">;
  /** With `endpoint`: only while that is the device's own. */
  deletePushSubscription(device: DeviceId, endpoint?: string): Promise<void>;
  readPushSubscriptions(user: UserId): Promise<PushSubscriptionRow[]>;
}
