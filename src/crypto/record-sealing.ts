import { sodium } from "../identity/sodium.ts";
import { ByteReader, MalformedBytes } from "../protocol/byte-reader.ts";
import { ByteWriter } from "../protocol/byte-writer.ts";
import { SottoError } from "../protocol/errors.ts";
import { signedBytes } from "../protocol/signed-bytes.ts";
import { xchacha20Poly1305 as cipher } from "./primitives/aead.ts";
import { concatBytes } from "./primitives/bytes.ts";
import { blake2b256 } from "./primitives/hash.ts";
import { randomBytes } from "./primitives/random.ts";

/** The cost of one guess at a passphrase (Argon2id, RFC 9106). */
export interface VaultParameters {
  readonly passes: number;
  readonly memoryBytes: number;
}

/** For a desktop. Tests take next to nothing. */
export const defaultVaultParameters: VaultParameters = { passes: 3, memoryBytes: 256 * 1024 * 1024 };
/** For phones and browsers, where a page may not get more. */
export const smallVaultParameters: VaultParameters = { passes: 3, memoryBytes: 64 * 1024 * 1024 };

/** Upper bounds: a header that asks for more is damaged, or a trap. */
const most: VaultParameters = { passes: 16, memoryBytes: 1024 * 1024 * 1024 };

/**
 * Seals the records of a local store. A record opens only under the table and id it was sealed for. `open` throws
 * `store-unreadable`. After `close` the key is gone and both throw.
 */
export interface Vault {
  seal(table: string, id: string, bytes: Uint8Array): Uint8Array;
  open(table: string, id: string, sealed: Uint8Array): Uint8Array;
  close(): void;
}

/** A passphrase, or 32 bytes that nobody can guess, such as a passkey's PRF gives: those are not stretched. */
export type VaultSecret = string | Uint8Array;

/** How the root key is wrapped: `passphrase` and `key` are the first byte of a header. */
const kinds = { passphrase: 1, key: 2 } as const;
const saltLength = 16;
const keyLength = 32;

interface Wrapping {
  salt: Uint8Array;
  /** Undefined under a key. */
  parameters: VaultParameters | undefined;
}

/** A new vault with a random root key, wrapped under the secret. `header` is not secret: store it as it is. Error: `invalid-argument`. */
export function createVault(
  secret: VaultSecret,
  parameters: VaultParameters = defaultVaultParameters,
): { header: Uint8Array; vault: Vault } {
  const wrapping = {
    salt: randomBytes(saltLength),
    parameters: typeof secret === "string" ? parameters : undefined,
  };
  const rootKey = randomBytes(keyLength);
  const nonce = randomBytes(cipher.nonceLength);
  const wrappingKey = wrappingKeyOf(secret, wrapping);
  const wrapped = cipher.seal(wrappingKey, nonce, headerAssociatedData(wrapping), rootKey);
  wrappingKey.fill(0);
  const header = new ByteWriter().u8(wrapping.parameters ? kinds.passphrase : kinds.key);
  if (wrapping.parameters) header.u32(wrapping.parameters.passes).u64(wrapping.parameters.memoryBytes);
  header.fixed(wrapping.salt).fixed(nonce).fixed(wrapped);
  const vault = createVaultFromKey(rootKey);
  rootKey.fill(0);
  return { header: header.finish(), vault };
}

/** Opens a vault by its header. Throws `store-unreadable` for a wrong secret and for a damaged header alike. */
export function openVault(header: Uint8Array, secret: VaultSecret): Vault {
  try {
    const { wrapping, nonce, wrapped } = decodeHeader(header);
    const wrappingKey = wrappingKeyOf(secret, wrapping);
    const rootKey = cipher.open(wrappingKey, nonce, headerAssociatedData(wrapping), wrapped);
    wrappingKey.fill(0);
    const vault = createVaultFromKey(rootKey);
    rootKey.fill(0);
    return vault;
  } catch {
    throw new SottoError("store-unreadable");
  }
}

/** A vault whose root key (32 bytes, copied) the caller keeps elsewhere, as in a platform's key store. */
export function createVaultFromKey(rootKey: Uint8Array): Vault {
  if (rootKey.length !== keyLength) throw new SottoError("invalid-argument", { detail: "a root key has 32 bytes" });
  const key = blake2b256(signedBytes("record-key"), rootKey);
  let isOpen = true;
  const requireOpen = () => {
    if (!isOpen) throw new SottoError("closed");
  };
  return {
    seal(table, id, bytes) {
      requireOpen();
      const nonce = randomBytes(cipher.nonceLength);
      return concatBytes(nonce, cipher.seal(key, nonce, signedBytes("record", table, id), bytes));
    },
    open(table, id, sealed) {
      requireOpen();
      const nonce = sealed.subarray(0, cipher.nonceLength);
      try {
        return cipher.open(key, nonce, signedBytes("record", table, id), sealed.subarray(cipher.nonceLength));
      } catch {
        throw new SottoError("store-unreadable");
      }
    },
    close() {
      isOpen = false;
      key.fill(0);
    },
  };
}

function decodeHeader(header: Uint8Array): { wrapping: Wrapping; nonce: Uint8Array; wrapped: Uint8Array } {
  const reader = new ByteReader(header);
  const kind = reader.u8();
  if (kind !== kinds.passphrase && kind !== kinds.key) throw new MalformedBytes("unknown kind");
  const parameters = kind === kinds.passphrase ? { passes: reader.u32(), memoryBytes: reader.u64() } : undefined;
  if (parameters && (parameters.passes > most.passes || parameters.memoryBytes > most.memoryBytes)) {
    throw new MalformedBytes("cost");
  }
  const [salt, nonce] = [reader.fixed(saltLength), reader.fixed(cipher.nonceLength)];
  const wrapped = reader.fixed(keyLength + cipher.tagLength);
  reader.finish();
  return { wrapping: { salt, parameters }, nonce, wrapped };
}

function headerAssociatedData({ salt, parameters }: Wrapping): Uint8Array {
  return parameters
    ? signedBytes("record-key", salt, parameters.passes, parameters.memoryBytes)
    : signedBytes("record-key", salt);
}

function wrappingKeyOf(secret: VaultSecret, wrapping: Wrapping): Uint8Array {
  if (typeof secret === "string") {
    if (!wrapping.parameters) throw new MalformedBytes("this vault has a key");
    return stretch(secret, wrapping.salt, wrapping.parameters);
  }
  if (secret.length !== keyLength) throw new SottoError("invalid-argument", { detail: "a key has 32 bytes" });
  return blake2b256(signedBytes("record-key", wrapping.salt), secret);
}

/** Unicode is normalised first, so that a passphrase typed on another system is the same passphrase. */
function stretch(passphrase: string, salt: Uint8Array, { passes, memoryBytes }: VaultParameters): Uint8Array {
  const lib = sodium();
  const algorithm = lib.crypto_pwhash_ALG_ARGON2ID13;
  return lib.crypto_pwhash(keyLength, passphrase.normalize("NFC"), salt, passes, memoryBytes, algorithm);
}
