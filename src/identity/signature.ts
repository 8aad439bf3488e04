import { sodium } from "./sodium.ts";

/**
 * Whether `signature` (64 bytes) is Ed25519 of `bytes` under `publicKey` (32 bytes). Wrong lengths, S not below the group
 * order, and points of small order are simply not valid. The caller has awaited `sodiumReady()`.
 */
export function isSignatureValid(signature: Uint8Array, bytes: Uint8Array, publicKey: Uint8Array): boolean {
  if (signature.length !== 64 || publicKey.length !== 32) return false;
  return sodium().crypto_sign_verify_detached(signature, bytes, publicKey);
}
