import { messageKinds } from "../../entry-kinds.ts";
import { commonRanges } from "../../sequence-ranges.ts";
import { awaitedBy } from "../../user-delivery.ts";
import type { MysqlContext } from "../mysql-context.ts";
import type { Member } from "./members.ts";
import { daysFrom, type LogBounds } from "./retention.ts";

/** `acceptedAt` of the newest message of somebody else in [from, to] that the user still waits for. Commits are nobody's message. */
export async function newestAwaited(
  { db }: MysqlContext,
  bounds: LogBounds,
  member: Member,
  [from, to]: [number, number],
): Promise<number | undefined> {
  for (const [first, last] of commonRanges(awaitedBy(member), [[from, to]]).toReversed()) {
    const found = await db.get<{ acceptedAt: number }>(
      `SELECT accepted_at AS acceptedAt FROM messages
       WHERE conversation = ? AND sequence BETWEEN ? AND ? AND day BETWEEN ? AND ? AND kind IN (${messageKinds}) AND sender_user <> ?
       ORDER BY sequence DESC LIMIT 1`,
      bounds.conversation,
      first,
      last,
      ...daysFrom(bounds, first),
      member.user,
    );
    if (found !== undefined) return found.acceptedAt;
  }
  return undefined;
}
