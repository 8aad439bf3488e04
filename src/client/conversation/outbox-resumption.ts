/**
 * What becomes of an outbox when this device was added to the group, or added again. It is stored in the one write that adopts
 * the group: whatever is sealed after it goes on from there.
 *
 * What was sealed here and the node has is done with. What was never sealed here, but is older than what the node has, was perhaps
 * sent by another life of this device: it fails, and a person decides. The rest goes on with the node's numbers, sealed anew.
 */
import { SottoError } from "../../protocol/errors.ts";
import type { MessageId } from "../../protocol/ids.ts";
import type { ConversationRecord, OutboxRecord } from "../records.ts";
import type { RecordChange } from "../stores/client-store.ts";
import type { Draft } from "../stores/draft.ts";
import type { OutboxItem, OutboxItems } from "./outbox-items.ts";

/** What the node knows of a device's messages in a conversation. */
export interface LastSent {
  lastNumber: number;
  lastId: MessageId | null;
}

export interface Resumption {
  record: Pick<ConversationRecord, "lastNumber" | "lastContentHash" | "lastId">;
  changes: RecordChange[];
  /** After the write. */
  apply(): void;
}

const fateUnknown =
  "This device went on from an older state of itself. Whether this message was sent before is not known: look at the other side, and send it again if it was not.";

/** `draft`: an empty one. */
export async function resumeOutbox(
  items: OutboxItems,
  draft: Draft,
  { lastNumber, lastId }: LastSent,
): Promise<Resumption> {
  const isOld = ({ record }: OutboxItem): boolean => lastId !== null && record.id <= lastId;
  const waiting = items.all().filter((item) => item.accepted !== "known");
  const sent = waiting.filter((item) => item.accepted !== null || (isOld(item) && item.record.number !== null));
  const unknown = waiting.filter((item) => !sent.includes(item) && isOld(item));
  const anew = waiting
    .filter((item) => !sent.includes(item) && !unknown.includes(item))
    .map((item) => ({ item, record: unsealed(item.record) }));
  draft.write(...[...sent, ...unknown].map(({ record }) => items.removalOf(record.id)));
  draft.write(...anew.map(({ record }) => items.changeOf(record)));
  const stored: (() => void)[] = [];
  for (const item of sent) stored.push(await items.keepHistory(draft, item));
  return {
    record: { lastNumber, lastContentHash: null, lastId },
    changes: draft.changes,
    apply: () => {
      for (const tell of stored) tell();
      for (const { item, record } of anew) item.record = record;
      items.drop([...sent, ...unknown]);
      for (const { listener, accepted } of sent) {
        listener.moved("accepted", accepted === null || accepted === "known" ? {} : accepted);
      }
      const error = new SottoError("state-lost", { detail: fateUnknown });
      for (const { listener } of unknown) listener.moved("failed", { error });
    },
  };
}

function unsealed(record: OutboxRecord): OutboxRecord {
  return { ...record, number: null, previousContentHash: null, contentHash: null, sealed: null };
}
