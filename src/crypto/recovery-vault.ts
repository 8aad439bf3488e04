/**
 * The vault: what a device that is restored cannot ask anybody for. The account key, where the user's device list stood, and the keys of
 * contacts that were pinned. Never ratchets: a restored device is a new one. Sealed under the vault key for one user, one recovery key and
 * one revision, and padded, so that its size tells no more than a power of two.
 */
import { ByteReader } from "../protocol/byte-reader.ts";
import { ByteWriter } from "../protocol/byte-writer.ts";
import { SottoError } from "../protocol/errors.ts";
import type { UserId } from "../protocol/ids.ts";
import { limits } from "../protocol/limits.ts";
import { signedBytes } from "../protocol/signed-bytes.ts";
import { encodePins, readPins, type ContactPin } from "./contact-pins.ts";
import { pad, unpad } from "./padding.ts";
import { xchacha20Poly1305 as cipher } from "./primitives/aead.ts";
import { concatBytes } from "./primitives/bytes.ts";
import { blake2b256 } from "./primitives/hash.ts";
import { randomBytes } from "./primitives/random.ts";

/** `accountSecretKey`: 64 bytes; `savedAt`: ms. */
export interface VaultContent {
  readonly accountSecretKey: Uint8Array;
  readonly listVersion: number;
  readonly listHead: Uint8Array;
  readonly savedAt: number;
  readonly pins: readonly ContactPin[];
}

/** Which vault of whose: it opens as no other. */
export interface VaultPlace {
  readonly user: UserId;
  readonly version: number;
  readonly revision: number;
}

const formatVersion = 1;
/** What most users' vaults fit into: the smallest there is. */
const smallestVault = 16 * 1024;
const overhead = cipher.nonceLength + cipher.tagLength;

/** Nonce, ciphertext. Pins beyond what a vault holds are left out from the end. */
export function sealVault(vaultKey: Uint8Array, place: VaultPlace, content: VaultContent): Uint8Array {
  const encoded = encodeContent(content);
  const padded = pad(encoded, smallestVault);
  const nonce = randomBytes(cipher.nonceLength);
  const sealed = cipher.seal(vaultKey, nonce, placeBytes(place), padded);
  encoded.fill(0);
  padded.fill(0);
  return concatBytes(nonce, sealed);
}

/** Throws `vault-invalid` for whatever was not sealed under this key for this place. */
export function openVault(vaultKey: Uint8Array, place: VaultPlace, sealed: Uint8Array): VaultContent {
  try {
    const [nonce, ciphertext] = [sealed.slice(0, cipher.nonceLength), sealed.slice(cipher.nonceLength)];
    const padded = cipher.open(vaultKey, nonce, placeBytes(place), ciphertext);
    try {
      return decodeUnpadded(padded);
    } finally {
      padded.fill(0);
    }
  } catch (cause) {
    throw new SottoError("vault-invalid", { cause });
  }
}

/** Hash (32 bytes) of what a vault holds, whenever it was saved: whether it is to be written anew. */
export function vaultHash(content: Omit<VaultContent, "savedAt">): Uint8Array {
  return blake2b256(encodeContent({ ...content, savedAt: 0 }));
}

function encodeContent({ accountSecretKey, listVersion, listHead, savedAt, pins }: VaultContent): Uint8Array {
  const head = new ByteWriter().u8(formatVersion).fixed(accountSecretKey).u64(listVersion).fixed(listHead).u64(savedAt);
  const fixed = head.finish();
  const encoded = concatBytes(fixed, encodePins(pins, limits.vaultBytes - overhead - 1 - fixed.length));
  fixed.fill(0);
  return encoded;
}

function decodeUnpadded(padded: Uint8Array): VaultContent {
  const bytes = unpad(padded, smallestVault);
  try {
    return decodeContent(bytes);
  } finally {
    bytes.fill(0);
  }
}

function decodeContent(bytes: Uint8Array): VaultContent {
  const reader = new ByteReader(bytes);
  if (reader.u8() !== formatVersion) throw new SottoError("vault-invalid");
  const content = {
    accountSecretKey: reader.fixed(64),
    listVersion: reader.u64(),
    listHead: reader.fixed(32),
    savedAt: reader.u64(),
  };
  const pins = readPins(reader);
  reader.finish();
  return { ...content, pins };
}

const placeBytes = ({ user, version, revision }: VaultPlace): Uint8Array =>
  signedBytes("recovery-vault", user, version, revision);
