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
  const words = new Set<string>();
  for (const [word] of folded(text).matchAll(aWord)) {
    words.add(word.slice(0, charactersPerWord));
    if (words.size === wordsPerText) break;
  }
  return [...words];
}

/** Most texts of many languages have nothing to fold but case. */
const folded = (text: string): string =>
  (/^[ -~]*$/.test(text) ? text : text.normalize("NFKD").replace(/\p{M}/gu, "")).toLowerCase();

/** The words of a text in one line, as the index keeps them. */
export const lineOf = (text: string): string => wordsOf(text).join(" ");

/** Whether a line of words has, for each of these, one that begins so. */
export function hasWords(line: string, beginnings: readonly string[]): boolean {
  return beginnings.every((beginning) => line.startsWith(beginning) || line.includes(` ${beginning}`));
}
