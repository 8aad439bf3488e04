/**
 * How long messages last that are about to be sealed. One that is sealed for the first time says so itself: no longer than the group says
 * then, whatever the group said when it was written. What waits to change it lasts as long.
 */
import { encodeContent } from "../../crypto/content.ts";
import type { MessageId } from "../../protocol/ids.ts";
import type { OutboxRecord } from "../records.ts";
import { lifetimeOf } from "./disappearing-messages.ts";
import { readable } from "./outgoing-sealing.ts";

export interface Sealing {
  /** All that the outbox holds, in order. */
  records: readonly OutboxRecord[];
  /** What is sealed now. */
  todo: ReadonlySet<MessageId>;
  /** What the group says, in seconds, where a message was sealed; of one that is not, where it would be now. */
  ofGroup: (record: OutboxRecord) => number | undefined;
}

/** Those of the records that are to say another time, saying it. */
export function withLifetimes({ records, todo, ofGroup }: Sealing): Map<MessageId, OutboxRecord> {
  const changed = new Map<MessageId, OutboxRecord>();
  const lifetimes = new Map<MessageId, number | undefined>();
  for (const record of records) {
    const { id } = record;
    const content = readable(record.content);
    if (content.kind === "text" && (todo.has(id) || record.sealed))
      lifetimes.set(id, lifetimeOf(content, ofGroup(record)));
    else if (content.kind === "edit") lifetimes.set(id, lifetimes.get(content.target) ?? content.expiresIn);
    else continue;
    const expiresIn = lifetimes.get(id);
    // What has a number is chained to what came after it, as it is.
    if (record.number !== null || expiresIn === undefined || expiresIn === content.expiresIn) continue;
    changed.set(id, { ...record, content: encodeContent({ ...content, expiresIn }) });
  }
  return changed;
}
