import type { AccountStore } from "../../../actors/ports/store-accounts.ts";
import type { UserId } from "../../../protocol/ids.ts";
import type { StoreContext } from "../store-context.ts";

/** See `AccountStore.createAccount`. */
export function createAccount(
  { db, now }: StoreContext,
  account: { user: UserId; passwordHash: string },
): "created" | "exists" {
  const changed = db.run(
    `INSERT INTO accounts (user, password_hash, created_at) SELECT ?1, ?2, ?3
     WHERE NOT EXISTS (SELECT 1 FROM erasures WHERE user = ?1) ON CONFLICT DO NOTHING`,
    account.user,
    account.passwordHash,
    now,
  );
  return changed === 1 ? "created" : "exists";
}

/** See `AccountStore.findAccount`. */
export function findAccount({ db }: StoreContext, user: UserId): Awaited<ReturnType<AccountStore["findAccount"]>> {
  const row = db.get<{ passwordHash: string; createdAt: number }>(
    "SELECT password_hash AS passwordHash, created_at AS createdAt FROM accounts WHERE user = ?",
    user,
  );
  return row && { user, passwordHash: row.passwordHash, createdAt: row.createdAt };
}
