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

/** For a desktop. Phones take 64 MiB; tests take next to nothing. */
export const defaultVaultParameters: VaultParameters = { passes: 3, memoryBytes: 256 * 1024 * 1024 };

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

const version = 1;
const saltLength = 16;

/** A new vault with a random root key, wrapped under the passphrase. `header` is not secret: store it as it is. */
export function createVault(
  passphrase: string,
  parameters: VaultParameters = defaultVaultParameters,
): { header: Uint8Array; vault: Vault } {
  const salt = randomBytes(saltLength);
  const rootKey = randomBytes(32);
  const nonce = randomBytes(cipher.nonceLength);
  const wrappingKey = stretch(passphrase, salt, parameters);
  const wrapped = cipher.seal(wrappingKey, nonce, headerAssociatedData(salt, parameters), rootKey);
  wrappingKey.fill(0);
  const header = new ByteWriter()
    .u8(version)
    .u32(parameters.passes)
    .u64(parameters.memoryBytes)
    .fixed(salt)
    .fixed(nonce)
    .fixed(wrapped)
    .finish();
  const vault = createVaultFromKey(rootKey);
  rootKey.fill(0);
  return { header, vault };
}

/** Opens a vault by its header. Throws `store-unreadable` for a wrong passphrase and for a damaged header alike. */
export function openVault(header: Uint8Array, passphrase: string): Vault {
  try {
    const { parameters, salt, nonce, wrapped } = decodeHeader(header);
    const wrappingKey = stretch(passphrase, salt, parameters);
    const rootKey = cipher.open(wrappingKey, nonce, headerAssociatedData(salt, parameters), wrapped);
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
  if (rootKey.length !== 32) throw new SottoError("invalid-argument", { detail: "a root key has 32 bytes" });
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

function decodeHeader(header: Uint8Array) {
  const reader = new ByteReader(header);
  if (reader.u8() !== version) throw new MalformedBytes("unknown version");
  const parameters: VaultParameters = { passes: reader.u32(), memoryBytes: reader.u64() };
  if (parameters.passes > most.passes || parameters.memoryBytes > most.memoryBytes) throw new MalformedBytes("cost");
  const [salt, nonce] = [reader.fixed(saltLength), reader.fixed(cipher.nonceLength)];
  const wrapped = reader.fixed(32 + cipher.tagLength);
  reader.finish();
  return { parameters, salt, nonce, wrapped };
}

function headerAssociatedData(salt: Uint8Array, { passes, memoryBytes }: VaultParameters): Uint8Array {
  return signedBytes("record-key", salt, passes, memoryBytes);
}

/** Unicode is normalised first, so that a passphrase typed on another system is the same passphrase. */
function stretch(passphrase: string, salt: Uint8Array, { passes, memoryBytes }: VaultParameters): Uint8Array {
  const lib = sodium();
  const algorithm = lib.crypto_pwhash_ALG_ARGON2ID13;
  return lib.crypto_pwhash(32, passphrase.normalize("NFC"), salt, passes, memoryBytes, algorithm);
}
