/**
 * The rows that keep one entry of the log: itself; of a message, where it stands, by its id, and that nobody was told of it yet; of a change, what it does, by the id of
 * what it changes. They come and go together.
 */
import { decodeContent, isChange, type ChangeContent } from "../../../crypto/content.ts";
import type { ConversationId } from "../../../protocol/ids.ts";
import {
  changeKey,
  encodeRecord,
  entryKey,
  placeKey,
  tables,
  type ChangeRecord,
  type EntryRecord,
} from "../../records.ts";
import type { RecordChange } from "../../stores/client-store.ts";

export function rowsOf(conversation: ConversationId, entry: EntryRecord): RecordChange[] {
  const { sequence, id } = entry;
  const rows: RecordChange[] = [
    { table: tables.entries, id: entryKey(conversation, sequence), bytes: encodeRecord(entry) },
  ];
  if (entry.kind === "message" || entry.kind === "gone") {
    rows.push({ table: tables.messagePlaces, id: placeKey(conversation, id, sequence), bytes: new Uint8Array() });
  }
  if (entry.withheld)
    rows.push({ table: tables.withheld, id: entryKey(conversation, sequence), bytes: new Uint8Array() });
  const change = changeIn(entry);
  if (change) {
    const key = changeKey(conversation, change.target, sequence);
    rows.push({ table: tables.messageChanges, id: key, bytes: encodeRecord(changeRecord(entry, change)) });
  }
  return rows;
}

/** For whoever takes an entry out of the store. */
export function removalOf(conversation: ConversationId, entry: EntryRecord): RecordChange[] {
  return rowsOf(conversation, entry).map(({ table, id }) => ({ table, id, bytes: null }));
}

/** What an entry changes; undefined for what is no change, or was forgotten. */
export function changeIn({ kind, content }: EntryRecord): ChangeContent | undefined {
  const decoded = kind === "change" && content ? decodeContent(content) : undefined;
  return decoded && isChange(decoded) ? decoded : undefined;
}

function changeRecord({ sequence, sender }: EntryRecord, change: ChangeContent): ChangeRecord {
  const { kind, sentAt } = change;
  const record: ChangeRecord = { kind, sequence, sender, sentAt };
  if (change.kind !== "reaction") return record;
  return { ...record, emoji: change.emoji, ...(change.isRemoved && { isRemoved: true }) };
}
