/**
 * The words of a text, as they are looked for: without case and diacritics. Scripts that put no spaces between words are taken character by
 * character.
 */

/** What is looked for of one text, and of one word; more is not found. */
const wordsPerText = 512;
const charactersPerWord = 32;

const aWord = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}]|[\p{L}\p{N}]+/gu;

/** Each once, in the order of the text. */
export function wordsOf(text: string): string[] {
  const folded = text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();
  const words = new Set<string>();
  for (const [word] of folded.matchAll(aWord)) {
    words.add(word.slice(0, charactersPerWord));
    if (words.size === wordsPerText) break;
  }
  return [...words];
}

/** Whether a text has, for each of these, a word that begins so. */
export function hasWords(text: string, beginnings: readonly string[]): boolean {
  const words = wordsOf(text);
  return beginnings.every((beginning) => words.some((word) => word.startsWith(beginning)));
}
