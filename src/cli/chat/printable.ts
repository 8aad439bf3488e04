/** Somebody else's text must not steer this terminal. */
export function printable(text: string): string {
  return text.replace(/\p{Cc}/gu, (character) => (character === "\t" ? character : "\uFFFD"));
}
