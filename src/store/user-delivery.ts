import { allAfter, commonRanges, unionOf, withoutRanges, type SequenceRanges } from "./sequence-ranges.ts";

/** What a user's devices, taken together, have said of a conversation. */
export interface UserDelivery {
  /** Where the user's first device joined. */
  joined: number;
  /** The furthest that any of them has acked. */
  delivered: number;
  /** Up to there: what none of them has acked, as the one that is ahead joined later. */
  missing: SequenceRanges;
  /** Up to there: what some of them have, and none could open. */
  unopened: SequenceRanges;
}

/** The same after one more ack, which speaks for [joined, sequence] of one device and for nothing else. */
export function afterAck(
  user: UserDelivery,
  ack: { joined: number; sequence: number; unopened: SequenceRanges },
): UserDelivery {
  const covered: SequenceRanges = [[ack.joined, ack.sequence]];
  const unopened = commonRanges(covered, ack.unopened);
  const opened = withoutRanges(covered, unopened);
  const unheardOf = unionOf(user.missing, [allAfter(user.delivered)]);
  const skipped: SequenceRanges =
    ack.sequence > user.delivered ? [[Math.max(user.delivered + 1, user.joined), ack.joined - 1]] : [];
  return {
    joined: user.joined,
    delivered: Math.max(user.delivered, ack.sequence),
    missing: unionOf(withoutRanges(user.missing, covered), skipped),
    unopened: unionOf(withoutRanges(user.unopened, opened), commonRanges(unopened, unheardOf)),
  };
}

/**
 * What may still run out of time for a user: from the first join on, what is missing and what follows the furthest ack,
 * but for what has run out already.
 */
export function awaitedBy(user: Omit<UserDelivery, "unopened"> & { expired: number }): SequenceRanges {
  const awaited = unionOf(user.missing, [allAfter(user.delivered)]);
  return withoutRanges(awaited, [[0, Math.max(user.joined, user.expired)]]);
}
