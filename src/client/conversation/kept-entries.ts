/** Entries of the log as this device keeps them, by their place. */
import type { ConversationId } from "../../protocol/ids.ts";
import { decodeRecord, entryKey, tables, type EntryRecord } from "../records.ts";
import type { OpenClientStore } from "../stores/client-store.ts";

export async function entryAt(
  store: Pick<OpenClientStore, "get">,
  conversation: ConversationId,
  sequence: number,
): Promise<EntryRecord | undefined> {
  const bytes = await store.get(tables.entries, entryKey(conversation, sequence));
  return bytes && decodeRecord<EntryRecord>(bytes);
}

/** Up to `limit` of them between two sequences, neither included: from the lower end, or with `reverse` from the upper one. */
export async function entriesBetween(
  store: Pick<OpenClientStore, "list">,
  conversation: ConversationId,
  {
    after,
    before,
    ...options
  }: { after?: number | undefined; before?: number | undefined; limit: number; reverse?: true },
): Promise<EntryRecord[]> {
  const rows = await store.list(tables.entries, {
    prefix: `${conversation}/`,
    ...(after !== undefined && { after: entryKey(conversation, after) }),
    ...(before !== undefined && { before: entryKey(conversation, before) }),
    ...options,
  });
  return rows.map(({ bytes }) => decodeRecord<EntryRecord>(bytes));
}
