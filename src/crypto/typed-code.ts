/** Bytes as people copy and type them: groups of four characters of Crockford's base 32. */

/** No I, L, O or U, which are misread or spell things. */
const alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/** Groups of four characters with hyphens between. The bytes fill whole characters, and these whole groups: 5, 10, 15 … of them do. */
export function encodeTypedCode(bytes: Uint8Array): string {
  let text = "";
  let value = 0;
  let bits = 0;
  for (const byte of bytes) {
    value = (value << 8) | byte;
    bits += 8;
    while (bits >= 5) {
      bits -= 5;
      text += alphabet[(value >>> bits) & 31];
    }
    value &= (1 << bits) - 1;
  }
  return text.match(/.{4}/g)!.join("-");
}

/** The characters of a code, however it was typed: any case, with or without hyphens and spaces, O for 0, I and L for 1. */
export function asTyped(text: string): string {
  return text.toUpperCase().replace(/[\s-]/g, "").replaceAll("O", "0").replace(/[IL]/g, "1");
}

/** `length` bytes; undefined for what is no code of that length. */
export function decodeTypedCode(text: string, length: number): Uint8Array | undefined {
  const typed = asTyped(text);
  if (typed.length !== (length * 8) / 5) return undefined;
  const bytes = new Uint8Array(length);
  let value = 0;
  let bits = 0;
  let at = 0;
  for (const character of typed) {
    const digit = alphabet.indexOf(character);
    if (digit < 0) return undefined;
    value = (value << 5) | digit;
    bits += 5;
    if (bits >= 8) {
      bits -= 8;
      bytes[at++] = value >>> bits;
      value &= (1 << bits) - 1;
    }
  }
  return bytes;
}
