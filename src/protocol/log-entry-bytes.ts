import { idToBytes } from "./ids.ts";
import type { LogEntry } from "./log-entry.ts";
import { signedBytes } from "./signed-bytes.ts";

/** What the hash of a log entry is taken of: everything in it, the node's part included. */
export function logEntryBytes(
  entry: Omit<LogEntry, "payload" | "goneHash" | "originalHash" | "voucher"> & { readonly payload: Uint8Array },
): Uint8Array {
  return signedBytes(
    "log-entry",
    idToBytes(entry.conversation),
    entry.sequence,
    entry.kind,
    entry.generation,
    entry.epoch,
    entry.sender.user,
    idToBytes(entry.sender.device),
    idToBytes(entry.id),
    entry.number,
    entry.payload,
    entry.acceptedAt,
  );
}
