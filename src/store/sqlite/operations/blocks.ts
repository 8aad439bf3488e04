import type { BlockRow, BlockStore } from "../../../actors/ports/store-blocks.ts";
import type { UserId } from "../../../protocol/ids.ts";
import { limits } from "../../../protocol/limits.ts";
import type { StoreContext } from "../store-context.ts";

/** See `BlockStore.setBlock`. */
export function setBlock(
  { db, now }: StoreContext,
  { user, blocked }: BlockRow,
  isBlocked: boolean,
): Awaited<ReturnType<BlockStore["setBlock"]>> {
  const isThere = db.get("SELECT 1 AS found FROM blocks WHERE user = ? AND blocked = ?", user, blocked) !== undefined;
  if (isThere === isBlocked) return "unchanged";
  if (!isBlocked) {
    db.run("DELETE FROM blocks WHERE user = ? AND blocked = ?", user, blocked);
    return "changed";
  }
  const { rows } = db.get<{ rows: number }>("SELECT count(*) AS rows FROM blocks WHERE user = ?", user)!;
  if (rows >= limits.blocksPerUser) return "too-many";
  db.run("INSERT INTO blocks (user, blocked, at) VALUES (?, ?, ?)", user, blocked, now);
  return "changed";
}

/** See `BlockStore.readBlocks`. */
export function readBlocks({ db }: StoreContext, users: readonly UserId[]): BlockRow[] {
  return db.all<BlockRow>(
    `SELECT user, blocked FROM blocks WHERE user IN (SELECT value FROM json_each(?)) ORDER BY user, blocked`,
    JSON.stringify(users),
  );
}

/** Whether, in a direct conversation, the other user has blocked one. For a row `cd` of one's device. */
export const isBlockedThere = blockBetween("other", "self");
/** Whether one has blocked the other user. */
export const blocksThere = blockBetween("self", "other");

function blockBetween(user: "self" | "other", blocked: "self" | "other"): string {
  const names = { self: "cd.user", other: "iif(di.user_a = cd.user, di.user_b, di.user_a)" };
  return `EXISTS (SELECT 1 FROM directs di JOIN blocks b ON b.user = ${names[user]} AND b.blocked = ${names[blocked]}
    WHERE di.conversation = cd.conversation)`;
}
