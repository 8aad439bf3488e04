import type { UserId } from "../../protocol/ids.ts";

/** Password accounts of a deployment with `ACCOUNTS=on`. */
export interface AccountStore {
  /** `exists` when somebody has the name, or is being erased under it. `passwordHash` is a complete Argon2id string (PHC format). */
  createAccount(account: { user: UserId; passwordHash: string }): Promise<"created" | "exists">;
  findAccount(user: UserId): Promise<{ user: UserId; passwordHash: string; createdAt: number } | undefined>;
}
