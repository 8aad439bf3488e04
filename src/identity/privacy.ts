import type { UserId } from "../protocol/ids.ts";
import { signedBytes } from "../protocol/signed-bytes.ts";
import { isSignatureValid } from "./signature.ts";

/** What a user lets others see, on all of its devices: one of them signs it, the greatest version counts. */
export interface SignedPrivacy {
  readonly user: UserId;
  readonly version: number;
  readonly readReceipts: boolean;
  readonly typing: boolean;
}

/** What the device key signs. */
export function privacyBytes({ user, version, readReceipts, typing }: SignedPrivacy): Uint8Array {
  return signedBytes("privacy", user, version, readReceipts ? 1 : 0, typing ? 1 : 0);
}

/** Whether the device key (32 bytes) signed exactly this. */
export function verifyPrivacy(privacy: SignedPrivacy, signature: Uint8Array, deviceKey: Uint8Array): boolean {
  return isSignatureValid(signature, privacyBytes(privacy), deviceKey);
}
