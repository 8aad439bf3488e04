import type { LogRow } from "../../../actors/ports/store-log.ts";
import { blobOf } from "../../blobs.ts";
import { codeOfKind } from "../../entry-kinds.ts";
import type { StoreContext } from "../store-context.ts";

/** An entry that is no message. The head moves with it: see the trigger in the schema. */
export function appendToLog(
  { db }: StoreContext,
  entry: Omit<LogRow, "kind" | "number"> & { kind: "commit" | "leave" },
): void {
  db.run(
    `INSERT INTO messages (conversation, sequence, kind, generation, epoch, sender_user, sender_device, id, number,
       accepted_at, payload) VALUES (?, ?, ?, ?, ?, ?, ?, ?, 0, ?, ?)`,
    blobOf(entry.conversation),
    entry.sequence,
    codeOfKind(entry.kind),
    entry.generation,
    entry.epoch,
    entry.sender.user,
    blobOf(entry.sender.device),
    blobOf(entry.id),
    entry.acceptedAt,
    entry.payload,
  );
}
