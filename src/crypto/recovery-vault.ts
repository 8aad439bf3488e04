/**
 * The vault: what a device that is restored cannot ask anybody for. The account key, where the user's device list stood, and the keys of
 * contacts that were pinned. Never ratchets: a restored device is a new one. Sealed under the vault key for one user, one recovery key and
 * one revision, and padded, so that its size tells no more than a power of two.
 */
import { ByteReader } from "../protocol/byte-reader.ts";
import { ByteWriter } from "../protocol/byte-writer.ts";
import { SottoError } from "../protocol/errors.ts";
import { userId, type UserId } from "../protocol/ids.ts";
import { limits } from "../protocol/limits.ts";
import { signedBytes } from "../protocol/signed-bytes.ts";
import { pad, unpad } from "./padding.ts";
import { xchacha20Poly1305 as cipher } from "./primitives/aead.ts";
import { concatBytes } from "./primitives/bytes.ts";
import { blake2b256 } from "./primitives/hash.ts";
import { randomBytes } from "./primitives/random.ts";

/** A contact's account key (32 bytes), and where its list stood: nothing before that is taken from the server again. `head`: 32 bytes. */
export interface VaultPin {
  readonly user: UserId;
  readonly accountKey: Uint8Array;
  readonly version: number;
  readonly head: Uint8Array;
  /** A person has compared. */
  readonly confirmed: boolean;
  /** Another key was claimed, or took its place, since. */
  readonly changed: boolean;
}

/** `accountSecretKey`: 64 bytes; `savedAt`: ms. */
export interface VaultContent {
  readonly accountSecretKey: Uint8Array;
  readonly listVersion: number;
  readonly listHead: Uint8Array;
  readonly savedAt: number;
  readonly pins: readonly VaultPin[];
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
    return decodeContent(unpad(cipher.open(vaultKey, nonce, placeBytes(place), ciphertext), smallestVault));
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
  const encoded: Uint8Array[] = [];
  let room = limits.vaultBytes - overhead - 1 - head.finish().length - 4;
  for (const pin of pins) {
    const bytes = encodePin(pin);
    if (bytes.length > room) break;
    room -= bytes.length;
    encoded.push(bytes);
  }
  return concatBytes(head.u32(encoded.length).finish(), ...encoded);
}

function encodePin({ user, accountKey, version, head, confirmed, changed }: VaultPin): Uint8Array {
  const said = (confirmed ? 1 : 0) | (changed ? 2 : 0);
  return new ByteWriter().text(user).fixed(accountKey).u64(version).fixed(head).u8(said).finish();
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
  const pins: VaultPin[] = [];
  for (let left = reader.u32(); left > 0; left -= 1) pins.push(decodePin(reader));
  reader.finish();
  return { ...content, pins };
}

function decodePin(reader: ByteReader): VaultPin {
  const [user, accountKey, version] = [userId.parse(reader.text()), reader.fixed(32), reader.u64()];
  const [head, said] = [reader.fixed(32), reader.u8()];
  return { user, accountKey, version, head, confirmed: (said & 1) !== 0, changed: (said & 2) !== 0 };
}

const placeBytes = ({ user, version, revision }: VaultPlace): Uint8Array =>
  signedBytes("recovery-vault", user, version, revision);
