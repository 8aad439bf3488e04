/**
 * The log of a conversation without the name: what the user sent keeps its place and its bytes under the pseudonym, beside the hash of
 * the entry as it was; a commit that says the name is gone but for its hash. So everybody's running hash goes on as before.
 */
import type { Erasure } from "../../actors/ports/store-erasure.ts";
import type { ConversationId } from "../../protocol/ids.ts";
import { blobOf, idOf } from "../blobs.ts";
import { kindWithoutName } from "../entry-kinds.ts";
import { hashOfRow, messageColumns, type MessageRow } from "../log-rows.ts";
import { change, rowsOf, type Plan } from "./plan.ts";
import type { Tally } from "./tally.ts";

/** Rows fetched at once: a commit may be half a megabyte. */
const rowsPerFetch = 16;
/** For each row that a step may change it looks at so many: a log that has nothing of the user's holds up nobody either. */
const rowsPerChange = 20;

/** Goes through a log of `head` entries behind a sequence, changing about `chunk` rows. Answers how far it came; undefined at the end. */
export function* eraseInLog(
  erasure: Erasure,
  place: { conversation: ConversationId; after: number; head: number },
  chunk: number,
  tally: Tally,
): Plan<number | undefined> {
  const blob = blobOf(place.conversation);
  const to = Math.min(place.head, place.after + chunk * rowsPerChange);
  let { after } = place;
  for (let done = 0; done < chunk;) {
    const found = yield* rowsOf<{ sequence: number }>(
      `SELECT sequence FROM messages WHERE conversation = ? AND sequence > ? AND sequence <= ?
         AND (sender_user = ? OR (kind = 1 AND instr(payload, ?) > 0)) ORDER BY sequence LIMIT ${rowsPerFetch}`,
      blob,
      after,
      to,
      erasure.user,
      nameInCommit(erasure.user),
    );
    for (const { sequence } of found) yield* eraseEntry(erasure, blob, sequence);
    tally.kept("messages", found.length);
    if (found.length < rowsPerFetch) return to === place.head ? undefined : to;
    after = found.at(-1)!.sequence;
    done += found.length;
  }
  return after;
}

function* eraseEntry({ user, pseudonym }: Erasure, conversation: Uint8Array, sequence: number): Plan<void> {
  const [row] = yield* rowsOf<MessageRow>(
    `SELECT ${messageColumns} FROM messages WHERE conversation = ? AND sequence = ?`,
    conversation,
    sequence,
  );
  const { kind, keeps } = kindWithoutName(row!.kind);
  const hash = hashOfRow(idOf<ConversationId>(conversation), row!);
  const payload = keeps === "all" ? row!.payload : keeps === "hash" ? hash : Buffer.concat([hash, row!.payload]);
  yield* change(
    "UPDATE messages SET kind = ?, sender_user = ?, payload = ? WHERE conversation = ? AND sequence = ?",
    kind,
    row!.user === user ? pseudonym : row!.user,
    payload,
    conversation,
    sequence,
  );
}

/** As a name stands in credentials and policies: behind its length. */
function nameInCommit(user: string): Uint8Array {
  const name = Buffer.from(user, "ascii");
  const length = Buffer.alloc(4);
  length.writeUInt32BE(name.length);
  return Buffer.concat([length, name]);
}
