import type { UserId } from "../../../protocol/ids.ts";
import { parseRanges } from "../../sequence-ranges.ts";
import type { StoreContext } from "../store-context.ts";
import type { UserDelivery } from "../../user-delivery.ts";

/** How far delivery to a user is. `expired`: up to where time ran out. */
interface Member extends Omit<UserDelivery, "unopened"> {
  user: UserId;
  expired: number;
}

/** The users of a conversation, in order. */
export function usersOf({ db }: StoreContext, conversation: Uint8Array): UserId[] {
  const rows = db.all<{ user: UserId }>(
    "SELECT user FROM members WHERE conversation = ? AND left_sequence IS NULL ORDER BY user",
    conversation,
  );
  return rows.map(({ user }) => user);
}

/** Those of them who had a device in the group. */
export function readMembers({ db }: StoreContext, conversation: Uint8Array): Member[] {
  const rows = db.all<Omit<Member, "missing"> & { missing: string }>(
    `SELECT user, joined_sequence AS joined, delivered_sequence AS delivered, missing, expired_sequence AS expired
     FROM members WHERE conversation = ? AND joined_sequence IS NOT NULL AND left_sequence IS NULL ORDER BY user`,
    conversation,
  );
  return rows.map((row) => ({ ...row, missing: parseRanges(row.missing) }));
}
