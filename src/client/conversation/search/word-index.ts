/**
 * Which entries of the log have which words: rows of a few words each, for a stretch of the log and for words that begin alike. They are
 * written and taken out with the entries, and sealed like all that the store holds. An edit's words stand at the place of the edit.
 */
import { decodeContent, type Content } from "../../../crypto/content.ts";
import type { ConversationId } from "../../../protocol/ids.ts";
import { decodeRecord, encodeRecord, sortable, tables, type EntryRecord, type WordsRecord } from "../../records.ts";
import type { OpenClientStore } from "../../stores/client-store.ts";
import type { Draft } from "../../stores/draft.ts";
import { wordsOf } from "./words.ts";

/** Entries of one stretch: bounds what one row can hold. */
const stretch = 32;
const shelves = 64;
const rowsPerRead = 64;

/** Adds the words of an entry that is being stored, and says this. */
export async function indexWords(
  draft: Draft,
  conversation: ConversationId,
  { sequence }: EntryRecord,
  content: Content,
): Promise<void> {
  await change(draft, conversation, { sequence, content }, (sequences) => [...new Set([...sequences, sequence])]);
}

/** Takes out the words of an entry that still has its content, and is about to lose it. */
export async function forgetWords(draft: Draft, conversation: ConversationId, entry: EntryRecord): Promise<void> {
  const { sequence } = entry;
  if (entry.content === null) return;
  const content = decodeContent(entry.content);
  await change(draft, conversation, { sequence, content }, (sequences) => sequences.filter((one) => one !== sequence));
}

/** Entries that have, for each of these, a word that begins so: a stretch at a time, from the end of the log. */
export async function* entriesWith(
  store: OpenClientStore,
  conversation: ConversationId,
  beginnings: readonly string[],
): AsyncGenerator<number[], void, void> {
  const [first, ...others] = beginnings;
  const prefix = `${conversation}/${shelfOf(first!)}/`;
  for (let before: string | undefined; ;) {
    const limits = { limit: rowsPerRead, reverse: true, ...(before === undefined ? {} : { before }) };
    const rows = await store.list(tables.words, { prefix, ...limits });
    for (const { id, bytes } of rows) {
      let found = sequencesIn(bytes, first!);
      for (const other of others) {
        if (found.size === 0) break;
        const more = await store.get(tables.words, `${conversation}/${shelfOf(other)}/${id.slice(prefix.length)}`);
        const those = more ? sequencesIn(more, other) : new Set();
        found = new Set([...found].filter((sequence) => those.has(sequence)));
      }
      if (found.size > 0) yield [...found].toSorted((one, other) => other - one);
    }
    before = rows.at(-1)?.id;
    if (before === undefined) return;
  }
}

async function change(
  draft: Draft,
  conversation: ConversationId,
  { sequence, content }: { sequence: number; content: Content },
  next: (sequences: readonly number[]) => number[],
): Promise<void> {
  const place = sortable(Math.floor(sequence / stretch));
  for (const [shelf, words] of byShelf(content)) {
    const id = `${conversation}/${shelf}/${place}`;
    const bytes = await draft.get(tables.words, id);
    const record = new Map(bytes ? decodeRecord<WordsRecord>(bytes).words : []);
    for (const word of words) {
      const sequences = next(record.get(word) ?? []);
      if (sequences.length > 0) record.set(word, sequences);
      else record.delete(word);
    }
    const kept = record.size > 0 ? encodeRecord({ words: [...record] } satisfies WordsRecord) : null;
    if (kept || bytes) draft.write({ table: tables.words, id, bytes: kept });
  }
}

function byShelf(content: Content): Map<string, string[]> {
  const shelved = new Map<string, string[]>();
  if (content.kind !== "text" && content.kind !== "edit") return shelved;
  for (const word of wordsOf(content.text)) {
    const shelf = shelfOf(word);
    shelved.set(shelf, [...(shelved.get(shelf) ?? []), word]);
  }
  return shelved;
}

/** By how a word begins, so that the beginning of one is enough to look for it. */
const shelfOf = (word: string): string => (word.codePointAt(0)! % shelves).toString().padStart(2, "0");

function sequencesIn(bytes: Uint8Array, beginning: string): Set<number> {
  const { words } = decodeRecord<WordsRecord>(bytes);
  return new Set(words.filter(([word]) => word.startsWith(beginning)).flatMap(([, sequences]) => sequences));
}
