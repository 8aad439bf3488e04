const longest = 200;
const fallback = "attachment";
/** Names that Windows gives to devices. */
const deviceName = /^(?:con|prn|aux|nul|com\d|lpt\d)(?:\.|$)/i;

/**
 * A name for a file on disk, of what a sender calls it: one path segment on every system, never hidden, never a device, without control
 * characters and those that turn the direction of writing; at most 200 bytes.
 */
export function fileNameOf(name: string): string {
  const plain = name
    .normalize("NFC")
    .replace(/\p{Surrogate}/gu, "")
    .replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, "")
    .replace(/[/\\:*?"<>|]/g, "_")
    .replace(/^[\s.]+/, "")
    .replace(/[\s.]+$/, "");
  const safe = deviceName.test(plain) ? `_${plain}` : plain;
  return shortened(safe) || fallback;
}

/** Keeps the ending, by which people and systems know what it is. */
function shortened(name: string): string {
  const length = (text: string): number => new TextEncoder().encode(text).length;
  if (length(name) <= longest) return name;
  const [ending = ""] = /\.[^.\s]{1,16}$/.exec(name) ?? [];
  const characters = Array.from(name.slice(0, name.length - ending.length));
  while (length(characters.join("")) + length(ending) > longest) characters.pop();
  return characters.join("").replace(/[\s.]+$/, "") + ending;
}
