import type { UserId } from "../../../protocol/ids.ts";
import { parseRanges } from "../../sequence-ranges.ts";
import type { UserDelivery } from "../../user-delivery.ts";
import type { MysqlContext } from "../mysql-context.ts";

/** How far delivery to a user is. `expired`: up to where time ran out. */
export interface Member extends Omit<UserDelivery, "unopened"> {
  user: UserId;
  expired: number;
}

/** A conversation's key as one that a Map finds. */
export const keyOf = (conversation: Uint8Array): string =>
  Buffer.from(conversation.buffer, conversation.byteOffset, conversation.byteLength).toString("hex");

/** The users of each conversation, in order. */
export async function usersOf(
  { db }: MysqlContext,
  conversations: readonly Uint8Array[],
): Promise<Map<string, UserId[]>> {
  const users = new Map<string, UserId[]>(conversations.map((conversation) => [keyOf(conversation), []]));
  if (conversations.length === 0) return users;
  const sql =
    "SELECT conversation, user FROM members WHERE conversation IN (?) AND left_sequence IS NULL ORDER BY conversation, user";
  const rows = await db.all<{ conversation: Buffer; user: UserId }>(sql, conversations);
  for (const { conversation, user } of rows) users.get(keyOf(conversation))!.push(user);
  return users;
}

/** Those of them who had a device in the group. */
export async function readMembers(
  { db }: MysqlContext,
  conversations: readonly Uint8Array[],
): Promise<Map<string, Member[]>> {
  const members = new Map<string, Member[]>(conversations.map((conversation) => [keyOf(conversation), []]));
  if (conversations.length === 0) return members;
  const rows = await db.all<Omit<Member, "missing"> & { conversation: Buffer; missing: string }>(
    `SELECT conversation, user, joined_sequence AS joined, delivered_sequence AS delivered, missing,
       expired_sequence AS expired
     FROM members WHERE conversation IN (?) AND joined_sequence IS NOT NULL AND left_sequence IS NULL ORDER BY conversation, user`,
    conversations,
  );
  for (const { conversation, missing, ...row } of rows) {
    members.get(keyOf(conversation))!.push({ ...row, missing: parseRanges(missing) });
  }
  return members;
}
