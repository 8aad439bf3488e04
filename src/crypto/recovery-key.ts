/**
 * A user's recovery key: 256 random bits that a person keeps as words. What it opens stands at the server: the vault under a key, and
 * archive keys sealed to a key pair, both derived from it and from nothing else. No device keeps the words.
 */
import { SottoError } from "../protocol/errors.ts";
import type { UserId } from "../protocol/ids.ts";
import { signedBytes } from "../protocol/signed-bytes.ts";
import { concatBytes, equalSecrets } from "./primitives/bytes.ts";
import { blake2b256 } from "./primitives/hash.ts";
import { xWing, type KemKeyPair } from "./primitives/kem.ts";
import { randomBytes } from "./primitives/random.ts";
import { asTyped, decodeTypedCode, encodeTypedCode } from "./typed-code.ts";

/** `vaultKey`: 32 bytes; `keyPair`: X-Wing. */
export interface RecoveryKeys {
  readonly vaultKey: Uint8Array;
  readonly keyPair: KemKeyPair;
}

const secretLength = 32;
const markLength = 4;
/** How many words a recovery key has. */
export const recoveryWordCount = 16;

/** Sixteen words of four characters: the secret (32 bytes), whose it is (4), and a checksum (4) against slips of the hand. */
export function newRecoveryWords(user: UserId): string {
  const secret = randomBytes(secretLength);
  const owner = ownerMark(user, secret);
  const marked = concatBytes(secret, owner, checksum(secret, owner));
  secret.fill(0);
  const words = encodeTypedCode(marked);
  marked.fill(0);
  return words;
}

/**
 * What the words open for this user. Throws `recovery-words-invalid` for what is mistyped or incomplete, `recovery-words-foreign`
 * for those of somebody else.
 */
export function recoveryKeysOf(user: UserId, words: string): RecoveryKeys {
  const bytes = decodeTypedCode(words, secretLength + 2 * markLength);
  if (!bytes) throw new SottoError("recovery-words-invalid");
  const secret = bytes.subarray(0, secretLength);
  const [owner, sum] = [bytes.subarray(secretLength, -markLength), bytes.subarray(-markLength)];
  try {
    if (!equalSecrets(sum, checksum(secret, owner))) throw new SottoError("recovery-words-invalid");
    if (!equalSecrets(owner, ownerMark(user, secret))) throw new SottoError("recovery-words-foreign");
    const vaultKey = blake2b256(signedBytes("recovery-vault-key", user), secret);
    const kemInput = blake2b256(signedBytes("recovery-kem-key", user), secret);
    const keyPair = xWing.deriveKeyPair(kemInput);
    kemInput.fill(0);
    return { vaultKey, keyPair };
  } finally {
    bytes.fill(0);
  }
}

/** The words one by one, as they are compared: what was typed is read as a code is. */
export function splitRecoveryWords(words: string): string[] {
  return asTyped(words).match(/.{1,4}/g) ?? [];
}

/** The keys open nothing any more, wherever they are held. */
export function wipeRecoveryKeys({ vaultKey, keyPair }: RecoveryKeys): void {
  vaultKey.fill(0);
  keyPair.secretKey.fill(0);
}

const ownerMark = (user: UserId, secret: Uint8Array): Uint8Array =>
  blake2b256(signedBytes("recovery-owner", user), secret).slice(0, markLength);

function checksum(secret: Uint8Array, owner: Uint8Array): Uint8Array {
  const bytes = signedBytes("recovery-words", secret, owner);
  const sum = blake2b256(bytes).slice(0, markLength);
  bytes.fill(0);
  return sum;
}
