/**
 * A group that its user was out of before this device came: the device was never in it, and its user may read what was said until then.
 * The node says where that ends; nobody else is left to say it.
 */
import type { ConversationSummary } from "../../protocol/requests.ts";
import type { ClientCore } from "../core.ts";
import type { ConversationRecord } from "../records.ts";
import type { ConversationState } from "./conversation-state.ts";

/** Where the user's reading ended and how; null where the device is in the group, was in it, or may yet come in. Errors: those of the connection. */
export async function departureBefore(
  { connection, own }: ClientCore,
  { id, record, group, pending, isGroup }: ConversationState,
  { users, joinedSequence }: ConversationSummary,
): Promise<ConversationRecord["left"]> {
  const wasNeverIn = isGroup && record.joinedSequence === 0 && record.founding === null && !group && !pending;
  if (!wasNeverIn || joinedSequence !== null || users.includes(own.user)) return null;
  const { entries } = await connection.request("history:read", { conversation: id, limit: 1 });
  const last = entries.at(-1);
  if (!last) return null;
  const isOwnWord = last.kind === "leave" && last.sender.user === own.user;
  return { sequence: last.sequence, how: isOwnWord ? "left" : "removed" };
}
