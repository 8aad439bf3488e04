import type { Signature } from "ts-mls/crypto/signature.js";
import { sodium } from "../../identity/sodium.ts";
import { generateSigningKeyPair, sign } from "../signing-key.ts";

/** Ed25519 (RFC 8032 §5.1). False, never an exception, for anything that is not a valid signature: wrong lengths,
 * non-canonical S (S + L), points of small order. */
export function verifySignature(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  if (publicKey.length !== 32 || signature.length !== 64) return false;
  return sodium().crypto_sign_verify_detached(signature, message, publicKey);
}

/** The `Signature` of the MLS engine. Its `signKey` is a secret key of 64 bytes, or the 32-byte seed of one. */
export const ed25519: Signature = {
  sign: async (signKey, message) => sign(signKey, message),
  verify: async (publicKey, message, signature) => verifySignature(publicKey, message, signature),
  keygen: async () => {
    const pair = generateSigningKeyPair();
    return { publicKey: pair.publicKey, signKey: pair.secretKey };
  },
};
