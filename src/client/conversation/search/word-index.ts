/**
 * Which entries of the log have which words: the words of each, in rows of a stretch of the log. They are written and taken out with the
 * entries, and sealed like all that the store holds. An edit's words stand at the place of the edit.
 */
import type { Content } from "../../../crypto/content.ts";
import type { ConversationId } from "../../../protocol/ids.ts";
import { decodeRecord, sortable, tables, type EntryRecord, type WordsRecord } from "../../records.ts";
import type { OpenClientStore } from "../../stores/client-store.ts";
import type { Draft } from "../../stores/draft.ts";
import { hasWords, lineOf } from "./words.ts";

/** Entries of one stretch: bounds what one row can hold, and what is written again for each message. */
const stretch = 32;
const rowsPerRead = 64;

/** Adds the words of an entry that is being stored, and says this. */
export async function indexWords(
  draft: Draft,
  conversation: ConversationId,
  entry: EntryRecord,
  content: Content,
): Promise<void> {
  const line = content.kind === "text" || content.kind === "edit" ? lineOf(content.text) : "";
  if (line === "") return;
  await change(draft, conversation, entry, [[entry.sequence, line]]);
}

/** Takes out the words of an entry that is about to lose its content. */
export async function forgetWords(draft: Draft, conversation: ConversationId, entry: EntryRecord): Promise<void> {
  if (entry.content === null) return;
  await change(draft, conversation, entry, []);
}

/** Entries that have, for each of these, a word that begins so: a stretch at a time, from the end of the log. */
export async function* entriesWith(
  store: OpenClientStore,
  conversation: ConversationId,
  beginnings: readonly string[],
): AsyncGenerator<number[], void, void> {
  const prefix = `${conversation}/`;
  for (let before: string | undefined; ;) {
    const limits = { limit: rowsPerRead, reverse: true, ...(before === undefined ? {} : { before }) };
    const rows = await store.list(tables.words, { prefix, ...limits });
    for (const { bytes } of rows) {
      const found = decodeRecord<WordsRecord>(bytes).entries.filter(([, line]) => hasWords(line, beginnings));
      if (found.length > 0) yield found.map(([sequence]) => sequence).toSorted((one, other) => other - one);
    }
    before = rows.at(-1)?.id;
    if (before === undefined) return;
  }
}

async function change(
  draft: Draft,
  conversation: ConversationId,
  { sequence }: EntryRecord,
  words: WordsRecord["entries"],
): Promise<void> {
  const id = `${conversation}/${sortable(Math.floor(sequence / stretch))}`;
  await draft.edit<WordsRecord>(tables.words, id, (record) => {
    const entries = record?.entries ?? [];
    const at = entries.findIndex(([one]) => one === sequence);
    if (at >= 0) entries.splice(at, 1);
    entries.push(...words);
    return entries.length > 0 ? { entries } : null;
  });
}
