/** What was looked for, marked in a text: words that begin so, whatever their case and diacritics, as the SDK finds them. */

const aWord = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}]|[\p{L}\p{N}\p{M}]+/gu;
/** In front of the first word that is marked. */
const leadLength = 20;

const folded = (text: string): string => text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();

interface Part {
  text: string;
  isMarked: boolean;
}

export function MarkedText({ text, words }: { text: string; words: string }) {
  return (
    <>{partsOf(text, words).map((part, index) => (part.isMarked ? <mark key={index}>{part.text}</mark> : part.text))}</>
  );
}

function partsOf(text: string, words: string): Part[] {
  const beginnings = folded(words).match(aWord) ?? [];
  const parts: Part[] = [];
  let end = 0;
  for (const { 0: word, index } of text.matchAll(aWord)) {
    if (!beginnings.some((beginning) => folded(word).startsWith(beginning))) continue;
    parts.push({ text: text.slice(end, index), isMarked: false }, { text: word, isMarked: true });
    end = index + word.length;
  }
  parts.push({ text: text.slice(end), isMarked: false });
  const [lead] = parts;
  if (lead && parts.length > 1 && lead.text.length > leadLength) lead.text = `…${lead.text.slice(-leadLength)}`;
  return parts;
}
