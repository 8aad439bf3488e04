import type { StoreContext } from "../store-context.ts";

/**
 * A new entry makes its conversation due at once, whatever its back-off was. Most of the time the row is there already and
 * says so: then nothing is written.
 */
export function markDue({ db }: StoreContext, conversation: Uint8Array, at: number): void {
  const row = db.get<{ attempt: number; since: number | null }>(
    "SELECT attempt, since FROM due WHERE conversation = ?",
    conversation,
  );
  if (row === undefined) {
    db.run("INSERT INTO due (conversation, next_at, attempt, since) VALUES (?, ?, 0, ?)", conversation, at, at);
  } else if (row.attempt > 0 || row.since === null) {
    db.run(
      "UPDATE due SET next_at = ?, attempt = 0, since = coalesce(since, ?) WHERE conversation = ?",
      at,
      at,
      conversation,
    );
  }
}
