import { SottoError } from "../protocol/errors.ts";
import { signedBytes } from "../protocol/signed-bytes.ts";
import { concatBytes, equalSecrets } from "./primitives/bytes.ts";
import { blake2b256 } from "./primitives/hash.ts";
import { decodeTypedCode, encodeTypedCode } from "./typed-code.ts";

/** What a link code says. `secret`: 16 bytes that no server sees. `offerHash`: 16 bytes over the new device and its KEM key. */
export interface LinkCode {
  readonly secret: Uint8Array;
  readonly offerHash: Uint8Array;
}

const codeBytes = 35;

/** Fourteen groups of four characters: secret, hash and a checksum of three bytes against slips of the hand. */
export function encodeLinkCode({ secret, offerHash }: LinkCode): string {
  return encodeTypedCode(concatBytes(secret, offerHash, checksum(secret, offerHash)));
}

/** Reads a code as people type it: any case, with or without hyphens and spaces, O for 0, I and L for 1. */
export function decodeLinkCode(text: string): LinkCode {
  const bytes = decodeTypedCode(text, codeBytes);
  if (!bytes) throw mistyped();
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
