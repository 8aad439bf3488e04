import type { ConversationRow } from "../actors/ports/store-conversations.ts";
import type { UserId } from "../protocol/ids.ts";

/** Who is out of a group hears nothing of it any more. */
export function asSeenBy(user: UserId, row: ConversationRow): ConversationRow {
  return row.users.includes(user) ? row : { ...row, users: [], leaves: [] };
}
