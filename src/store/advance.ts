import type { AckOutcome, AckRow } from "../actors/ports/store-log.ts";
import { countSequences, withoutRanges, type SequenceRanges } from "./sequence-ranges.ts";
import { afterAck, type UserDelivery } from "./user-delivery.ts";

/** Where a device and its user stand in a conversation. */
export interface PositionGround {
  user: string;
  joined: number;
  left: number | null;
  position: number;
  /** This device's own word. */
  unopened: SequenceRanges;
  head: number;
  floor: number;
  revokedAt: number | null;
  delivery: UserDelivery;
  /** 1 in a direct conversation with somebody whom the user has blocked. */
  isBlocking: number;
}

/** An ack that moves its device. */
export interface Advance {
  status: "advance";
  /** The user's own mark after it; undefined where it stays as it is. */
  delivery: UserDelivery | undefined;
  /**
   * Whether the senders have something to hear: yes, no, or only if an entry of somebody else lies after this sequence, up
   * to the ack's: nobody waits for a receipt of what the user sent themselves.
   */
  tells: boolean | { ifOthersAfter: number };
}

/** What an ack does, decided by what `ground` says alone. */
export function advanceOf(
  ack: AckRow,
  ground: PositionGround | undefined,
): Exclude<AckOutcome, { status: "advanced" }> | Advance {
  if (ground === undefined || ground.user !== ack.user) return { status: "not-a-member" };
  if (ground.revokedAt !== null) return { status: "device-revoked" };
  if (ack.sequence > Math.min(ground.head, ground.left ?? ground.head)) return { status: "outside" };
  const repairs =
    ack.sequence === ground.position &&
    ack.sequence >= ground.joined &&
    countSequences(ack.unopened) < countSequences(ground.unopened);
  if (ack.sequence <= ground.position && !repairs) return { status: "unchanged" };
  const before = ground.delivery;
  const after = afterAck(before, { ...ack, joined: ground.joined });
  const opensMore = withoutRanges(before.unopened, after.unopened).length > 0;
  const fills = withoutRanges(before.missing, after.missing).length > 0;
  if (after.delivered === before.delivered && !opensMore && !fills) {
    return { status: "advance", delivery: undefined, tells: false };
  }
  // Nobody comes for what retention has taken.
  const delivery = { ...after, missing: withoutRanges(after.missing, [[0, ground.floor]]) };
  if (ground.isBlocking === 1) return { status: "advance", delivery, tells: false };
  const tells = opensMore || { ifOthersAfter: fills ? ground.position : before.delivered };
  return { status: "advance", delivery, tells };
}
