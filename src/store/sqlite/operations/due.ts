import type { StoreContext } from "../store-context.ts";

/** What the conversation's due row says, joined to its own; nulls where there is none. */
export interface DueState {
  dueAttempt: number | null;
  dueSince: number | null;
}

/**
 * A new entry makes its conversation due at once, whatever its back-off was. Most of the time the row is there already and
 * says so: then nothing is written.
 */
export function markDue({ db }: StoreContext, conversation: Uint8Array, at: number, state: DueState): void {
  if (state.dueAttempt === 0 && state.dueSince !== null) return;
  db.run(
    `INSERT INTO due (conversation, next_at, attempt, since) VALUES (?, ?, 0, ?)
     ON CONFLICT (conversation) DO UPDATE SET next_at = excluded.next_at, attempt = 0,
       since = coalesce(due.since, excluded.since)`,
    conversation,
    at,
    at,
  );
}
