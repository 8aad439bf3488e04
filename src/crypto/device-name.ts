/**
 * What a user calls one of its devices, as the server keeps it: sealed under an archive key, which only this user's devices hold, for
 * this device alone, and of one size whatever the name is. The server can withhold a name, or show an older one, and that is all.
 */
import { ByteReader } from "../protocol/byte-reader.ts";
import { SottoError } from "../protocol/errors.ts";
import { idToBytes, type DeviceId, type UserId } from "../protocol/ids.ts";
import { limits } from "../protocol/limits.ts";
import { signedBytes } from "../protocol/signed-bytes.ts";
import type { ArchiveKey } from "./archive.ts";
import { xchacha20Poly1305 as cipher } from "./primitives/aead.ts";
import { concatBytes } from "./primitives/bytes.ts";
import { blake2b256 } from "./primitives/hash.ts";
import { randomBytes } from "./primitives/random.ts";

/** Which device of whom. */
export interface NamedDevice {
  readonly user: UserId;
  readonly device: DeviceId;
}

/** Bytes of UTF-8 that a name has at most. */
export const deviceNameBytes = 128;
const paddedLength = 1 + deviceNameBytes;

/** Throws `invalid-argument` for what no device can be called. */
export function requireDeviceName(name: string): void {
  const { length } = typeof name === "string" ? new TextEncoder().encode(name) : "";
  if (length > 0 && length <= deviceNameBytes) return;
  throw new SottoError("invalid-argument", { detail: `A device's name has 1 to ${deviceNameBytes} bytes.` });
}

/** `limits.sealedDeviceNameBytes` bytes: nonce (24), ciphertext. Inside: the name's length (u8), the name, zeros. Throws `invalid-argument`. */
export function sealDeviceName(archiveKey: ArchiveKey, place: NamedDevice, name: string): Uint8Array {
  requireDeviceName(name);
  const text = new TextEncoder().encode(name);
  const padded = new Uint8Array(paddedLength);
  padded[0] = text.length;
  padded.set(text, 1);
  const nonce = randomBytes(cipher.nonceLength);
  const key = nameKey(archiveKey);
  const sealed = cipher.seal(key, nonce, placeBytes(archiveKey, place), padded);
  key.fill(0);
  return concatBytes(nonce, sealed);
}

/** Throws `undecryptable` for whatever was not sealed under this key for this device. */
export function openDeviceName(archiveKey: ArchiveKey, place: NamedDevice, sealed: Uint8Array): string {
  if (sealed.length !== limits.sealedDeviceNameBytes) throw new SottoError("undecryptable");
  const key = nameKey(archiveKey);
  try {
    const [nonce, ciphertext] = [sealed.subarray(0, cipher.nonceLength), sealed.subarray(cipher.nonceLength)];
    return decodeName(cipher.open(key, nonce, placeBytes(archiveKey, place), ciphertext));
  } finally {
    key.fill(0);
  }
}

function decodeName(padded: Uint8Array): string {
  try {
    const reader = new ByteReader(padded);
    const text = reader.fixed(reader.u8());
    if (padded.subarray(1 + text.length).every((byte) => byte === 0) && text.length > 0) {
      return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(text);
    }
  } catch {
    // Like any other that does not open.
  }
  throw new SottoError("undecryptable");
}

const nameKey = ({ key }: ArchiveKey): Uint8Array => blake2b256(signedBytes("device-name-key"), key);

function placeBytes({ generation }: ArchiveKey, { user, device }: NamedDevice): Uint8Array {
  return signedBytes("device-name", user, idToBytes(device), generation);
}
