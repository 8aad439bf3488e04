/** What an operator may set of the actors, and what is fixed for all. */
export interface ActorSettings {
  /** Largest sealed message in bytes; no more than `limits.messageBytes`. */
  messageBytes: number;
}

/** Bounds of the mailboxes. Weights are bytes for messages and commits, one each for acks. */
export const mailboxBounds = {
  conversation: { capacity: 1024, totalWeight: 64 * 1024 * 1024, batch: 128, retryAfterMs: 500 },
  device: { capacity: 256, totalWeight: 100_000, batch: 256, retryAfterMs: 500 },
} as const;

/** Users of conversations that are remembered as a hint. */
export const rosterCacheEntries = 20_000;
/** Who is in a group changes seldom, and its messages may come by the hundred. */
export const groupRosterRememberedMs = 1_000;
/** The two of a direct do not change, unless one of them is erased. */
export const directRosterRememberedMs = 60_000;
/** Pairs of users that are known to share a conversation. */
export const contactCacheEntries = 20_000;
export const contactRememberedMs = 60_000;
/** Users told about a change of somebody's devices. The others find it when they read the list. */
export const peersToldAtMost = 5000;
