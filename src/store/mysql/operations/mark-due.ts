import { mustMarkDue, type DueState } from "../due-state.ts";
import type { MysqlContext } from "../mysql-context.ts";

/** Something was accepted: somebody may have to be told. */
export async function markDue({ db }: MysqlContext, conversation: Uint8Array, at: number): Promise<void> {
  const state = await db.get<DueState>(
    "SELECT attempt AS dueAttempt, since AS dueSince FROM due WHERE conversation = ?",
    conversation,
  );
  if (state !== undefined && !mustMarkDue(state)) return;
  await db.run(
    `INSERT INTO due (conversation, next_at, attempt, since) VALUES (?, ?, 0, ?) ON DUPLICATE KEY UPDATE
       next_at = VALUES(next_at), attempt = 0, since = COALESCE(since, VALUES(since))`,
    conversation,
    at,
    at,
  );
}
