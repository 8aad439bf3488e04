import { SottoError } from "../protocol/errors.ts";
import { signedBytes } from "../protocol/signed-bytes.ts";
import { concatBytes, equalSecrets } from "./primitives/bytes.ts";
import { blake2b256 } from "./primitives/hash.ts";

/** What a link code says. `secret`: 16 bytes that no server sees. `offerHash`: 16 bytes over the new device and its KEM key. */
export interface LinkCode {
  readonly secret: Uint8Array;
  readonly offerHash: Uint8Array;
}

/** Crockford's base 32: no I, L, O or U, which are misread or spell things. */
const alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const codeBytes = 35;
const codeCharacters = (codeBytes * 8) / 5;

/** Fourteen groups of four characters: secret, hash and a checksum of three bytes against slips of the hand. */
export function encodeLinkCode({ secret, offerHash }: LinkCode): string {
  const bytes = concatBytes(secret, offerHash, checksum(secret, offerHash));
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

/** Reads a code as people type it: any case, with or without hyphens and spaces, O for 0, I and L for 1. */
export function decodeLinkCode(text: string): LinkCode {
  const typed = text.toUpperCase().replace(/[\s-]/g, "").replaceAll("O", "0").replace(/[IL]/g, "1");
  if (typed.length !== codeCharacters) throw mistyped();
  const bytes = new Uint8Array(codeBytes);
  let value = 0;
  let bits = 0;
  let at = 0;
  for (const character of typed) {
    const digit = alphabet.indexOf(character);
    if (digit < 0) throw mistyped();
    value = (value << 5) | digit;
    bits += 5;
    if (bits >= 8) {
      bits -= 8;
      bytes[at++] = value >>> bits;
      value &= (1 << bits) - 1;
    }
  }
  const [secret, offerHash] = [bytes.slice(0, 16), bytes.slice(16, 32)];
  if (!equalSecrets(bytes.slice(32), checksum(secret, offerHash))) throw mistyped();
  return { secret, offerHash };
}

/** The name (16 bytes) under which the server keeps the offer: both devices derive it from the code, the server cannot invert it. */
export function linkChannel({ secret, offerHash }: LinkCode): Uint8Array {
  return blake2b256(signedBytes("link-channel", secret, offerHash)).slice(0, 16);
}

function checksum(secret: Uint8Array, offerHash: Uint8Array): Uint8Array {
  return blake2b256(signedBytes("link", secret, offerHash)).slice(0, 3);
}

function mistyped(): SottoError {
  return new SottoError("invalid-argument", { detail: "The link code is mistyped or incomplete." });
}
