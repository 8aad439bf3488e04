import type { ConversationRow } from "../actors/ports/store-conversations.ts";
import type { UserId } from "../protocol/ids.ts";

/** A conversation as far as a user may know of it. Who is out of a group hears nothing of what came after its own part (`leftSequence`). */
export function asSeenBy<Row extends ConversationRow & { receiptVersion: number }>(
  user: UserId,
  row: Row,
  leftSequence: number | undefined | null,
): Row {
  if (row.users.includes(user)) return row;
  return { ...row, users: [], leaves: [], head: leftSequence ?? 0, receiptVersion: 0 };
}
