import type { BlockRow, BlockStore } from "../../../actors/ports/store-blocks.ts";
import type { UserId } from "../../../protocol/ids.ts";
import { limits } from "../../../protocol/limits.ts";
import type { MysqlContext } from "../mysql-context.ts";

/** See `BlockStore.setBlock`. The user's list row is held, so that several at once count each other. */
export async function setBlock(
  { db, now }: MysqlContext,
  { user, blocked }: BlockRow,
  isBlocked: boolean,
): Promise<Awaited<ReturnType<BlockStore["setBlock"]>>> {
  await db.get("SELECT 1 AS held FROM device_lists WHERE user = ? FOR UPDATE", user);
  const found = await db.get("SELECT 1 AS found FROM blocks WHERE user = ? AND blocked = ?", user, blocked);
  if ((found !== undefined) === isBlocked) return "unchanged";
  if (!isBlocked) {
    await db.run("DELETE FROM blocks WHERE user = ? AND blocked = ?", user, blocked);
    return "changed";
  }
  const { count } = (await db.get<{ count: number }>("SELECT COUNT(*) AS count FROM blocks WHERE user = ?", user))!;
  if (count >= limits.blocksPerUser) return "too-many";
  await db.run("INSERT INTO blocks (user, blocked, at) VALUES (?, ?, ?)", user, blocked, now);
  return "changed";
}

/** See `BlockStore.readBlocks`. */
export async function readBlocks({ db }: MysqlContext, users: readonly UserId[]): Promise<BlockRow[]> {
  if (users.length === 0) return [];
  return db.all<BlockRow>("SELECT user, blocked FROM blocks WHERE user IN (?) ORDER BY user, blocked", [...users]);
}

/** Whether, in a direct conversation, the other user has blocked one. For a row `cd` of one's device. */
export const isBlockedThere = blockBetween("other", "self");
/** Whether one has blocked the other user. */
export const blocksThere = blockBetween("self", "other");

function blockBetween(user: "self" | "other", blocked: "self" | "other"): string {
  const names = { self: "cd.user", other: "IF(di.user_a = cd.user, di.user_b, di.user_a)" };
  return `EXISTS (SELECT 1 FROM directs di JOIN blocks b ON b.user = ${names[user]} AND b.blocked = ${names[blocked]}
    WHERE di.conversation = cd.conversation)`;
}
