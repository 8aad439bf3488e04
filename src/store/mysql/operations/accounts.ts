import type { AccountStore } from "../../../actors/ports/store-accounts.ts";
import type { UserId } from "../../../protocol/ids.ts";
import type { MysqlContext } from "../mysql-context.ts";

/** See `AccountStore.createAccount`. */
export async function createAccount(
  { db, now }: MysqlContext,
  { user, passwordHash }: { user: UserId; passwordHash: string },
): Promise<"created" | "exists"> {
  const sql = `INSERT IGNORE INTO accounts (user, password_hash, created_at) SELECT ?, ?, ? FROM DUAL
    WHERE NOT EXISTS (SELECT 1 FROM erasures WHERE user = ?)`;
  return (await db.run(sql, user, passwordHash, now, user)) === 1 ? "created" : "exists";
}

/** See `AccountStore.findAccount`. */
export async function findAccount({ db }: MysqlContext, user: UserId): ReturnType<AccountStore["findAccount"]> {
  const row = await db.get<{ passwordHash: string; createdAt: number }>(
    "SELECT password_hash AS passwordHash, created_at AS createdAt FROM accounts WHERE user = ?",
    user,
  );
  return row && { user, passwordHash: row.passwordHash, createdAt: row.createdAt };
}
