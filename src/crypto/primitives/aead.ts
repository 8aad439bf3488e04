import { sodium } from "../../identity/sodium.ts";
import { SottoError } from "../../protocol/errors.ts";

/**
 * Authenticated encryption with one key and nonce size. `open` throws `SottoError("undecryptable")`, always the same one:
 * which part was wrong (length, key, nonce, associated data, tag) is not told.
 */
export interface Aead {
  readonly keyLength: number;
  readonly nonceLength: number;
  readonly tagLength: number;
  seal(key: Uint8Array, nonce: Uint8Array, associatedData: Uint8Array, plaintext: Uint8Array): Uint8Array;
  open(key: Uint8Array, nonce: Uint8Array, associatedData: Uint8Array, ciphertext: Uint8Array): Uint8Array;
}

/** ChaCha20-Poly1305 (RFC 8439). 12-byte nonces are too short to be random: MLS and HPKE derive them. */
export const chacha20Poly1305: Aead = {
  keyLength: 32,
  nonceLength: 12,
  tagLength: 16,
  seal: (key, nonce, associatedData, plaintext) =>
    sodium().crypto_aead_chacha20poly1305_ietf_encrypt(plaintext, associatedData, null, nonce, key),
  open: (key, nonce, associatedData, ciphertext) =>
    openUniformly(() =>
      sodium().crypto_aead_chacha20poly1305_ietf_decrypt(null, ciphertext, associatedData, nonce, key),
    ),
};

/** XChaCha20-Poly1305 (draft-irtf-cfrg-xchacha): 24-byte nonces, which may be random. Does not commit to its key. */
export const xchacha20Poly1305: Aead = {
  keyLength: 32,
  nonceLength: 24,
  tagLength: 16,
  seal: (key, nonce, associatedData, plaintext) =>
    sodium().crypto_aead_xchacha20poly1305_ietf_encrypt(plaintext, associatedData, null, nonce, key),
  open: (key, nonce, associatedData, ciphertext) =>
    openUniformly(() =>
      sodium().crypto_aead_xchacha20poly1305_ietf_decrypt(null, ciphertext, associatedData, nonce, key),
    ),
};

function openUniformly(open: () => Uint8Array): Uint8Array {
  try {
    return open();
  } catch {
    throw new SottoError("undecryptable");
  }
}
