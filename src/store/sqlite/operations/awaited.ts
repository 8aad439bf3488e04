import type { UserId } from "../../../protocol/ids.ts";
import { messageKinds } from "../../entry-kinds.ts";
import { commonRanges } from "../../sequence-ranges.ts";
import { awaitedBy, type UserDelivery } from "../../user-delivery.ts";
import type { StoreContext } from "../store-context.ts";

type Awaiting = Omit<UserDelivery, "unopened"> & { user: UserId; expired: number };

/** `acceptedAt` of the newest message of somebody else in [from, to] that the user still waits for. Commits are nobody's message. */
export function newestAwaited(
  { db }: StoreContext,
  conversation: Uint8Array,
  member: Awaiting,
  [from, to]: [number, number],
): number | undefined {
  for (const [first, last] of commonRanges(awaitedBy(member), [[from, to]]).toReversed()) {
    const found = db.get<{ acceptedAt: number }>(
      `SELECT accepted_at AS acceptedAt FROM messages
       WHERE conversation = ? AND sequence >= ? AND sequence <= ? AND kind IN (${messageKinds}) AND sender_user <> ?
       ORDER BY sequence DESC LIMIT 1`,
      conversation,
      first,
      last,
      member.user,
    );
    if (found !== undefined) return found.acceptedAt;
  }
  return undefined;
}
