import { idToBytes } from "../protocol/ids.ts";
import type { DeviceId, UserId } from "../protocol/ids.ts";
import { signedBytes } from "../protocol/signed-bytes.ts";
import { isSignatureValid } from "./signature.ts";

/** A device's answer to a connection's challenge. `nonce`: 32 bytes; `origin`: the service's, as the client dialled it. */
export interface AdmissionProof {
  readonly nonce: Uint8Array;
  readonly origin: string;
  readonly user: UserId;
  readonly device: DeviceId;
}

/** What the device key signs. */
export function admissionBytes(proof: AdmissionProof): Uint8Array {
  return signedBytes("admission", proof.nonce, proof.origin, proof.user, idToBytes(proof.device));
}

/** Whether the device key (32 bytes) signed exactly this proof. */
export function verifyAdmission(proof: AdmissionProof, signature: Uint8Array, deviceKey: Uint8Array): boolean {
  return isSignatureValid(signature, admissionBytes(proof), deviceKey);
}
