import type { Signature } from "ts-mls/crypto/signature.js";
import { isSignatureValid } from "../../identity/signature.ts";
import { generateSigningKeyPair, sign } from "../signing-key.ts";

/** Ed25519 as the MLS engine's `Signature`. Its `signKey` is a secret key of 64 bytes, or the 32-byte seed of one. */
export const ed25519: Signature = {
  sign: async (signKey, message) => sign(signKey, message),
  verify: async (publicKey, message, signature) => isSignatureValid(signature, message, publicKey),
  keygen: async () => {
    const pair = generateSigningKeyPair();
    return { publicKey: pair.publicKey, signKey: pair.secretKey };
  },
};
