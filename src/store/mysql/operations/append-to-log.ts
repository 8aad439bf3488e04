import type { LogRow } from "../../../actors/ports/store-log.ts";
import { blobOf } from "../../blobs.ts";
import { codeOfKind } from "../../entry-kinds.ts";
import { dayOf } from "../days.ts";
import type { MysqlContext } from "../mysql-context.ts";

/** An entry that is no message, under the conversation's lock; the head moves with it. Answers the day that it lies in. */
export async function appendToLog(
  { db }: MysqlContext,
  entry: Omit<LogRow, "kind" | "number"> & { kind: "commit" | "leave" },
): Promise<number> {
  const conversation = blobOf(entry.conversation);
  const { sequence, acceptedAt } = entry;
  const { user, device } = entry.sender;
  const day = dayOf(acceptedAt);
  await db.run(
    `INSERT INTO messages (conversation, sequence, day, kind, generation, epoch, sender_user, sender_device, id, number,
       accepted_at, payload) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 0, ?, ?)`,
    conversation,
    sequence,
    day,
    codeOfKind(entry.kind),
    entry.generation,
    entry.epoch,
    user,
    blobOf(device),
    blobOf(entry.id),
    acceptedAt,
    entry.payload,
  );
  await db.run(
    `UPDATE conversations SET head = ?, last_accepted_at = ?, oldest_at = COALESCE(oldest_at, ?),
       run_start = IF(? = run_user, run_start, ?), run_user = ?, tail_start = IF(? = tail_day, tail_start, ?), tail_day = ?
     WHERE conversation = ?`,
    sequence,
    acceptedAt,
    acceptedAt,
    user,
    sequence,
    user,
    day,
    sequence,
    day,
    conversation,
  );
  return day;
}
