import type { UserId } from "../../protocol/ids.ts";
import { tablesOfEachConversation } from "../conversation-tables.ts";
import { change, rowsOf, type Dialect, type Plan } from "./plan.ts";
import type { Tally } from "./tally.ts";

/** What refers to a conversation's row goes before it; by the row of the user the conversation is found again after a run that broke off. */
const parts = [
  "inbox",
  ...tablesOfEachConversation,
  "conversation_groups",
  "group_members",
  "directs",
  "members",
  "conversations",
];

/** Takes a conversation away that nobody is left to read: its log in steps of `chunk`. Whether it is gone. */
export function* removeConversation(
  { conversation, user }: { conversation: Uint8Array; user: UserId },
  tally: Tally,
  { chunk, dialect }: { chunk: number; dialect: Dialect },
): Plan<boolean> {
  const [beyond] = yield* rowsOf<{ sequence: number }>(
    `SELECT sequence FROM messages WHERE conversation = ? ORDER BY sequence LIMIT 1 OFFSET ${Math.trunc(chunk)}`,
    conversation,
  );
  const log = "DELETE FROM messages WHERE conversation = ? AND sequence < ?";
  tally.deleted("messages", yield* change(log, conversation, beyond?.sequence ?? Number.MAX_SAFE_INTEGER));
  if (beyond !== undefined) return false;
  for (const table of dialect.hasCommits ? ["commits", ...parts] : parts) {
    tally.deleted(table, yield* change(`DELETE FROM ${table} WHERE conversation = ?`, conversation));
  }
  // Of a row that has lost its conversation, too.
  yield* change("DELETE FROM members WHERE conversation = ? AND user = ?", conversation, user);
  return true;
}
