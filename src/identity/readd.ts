import { idToBytes } from "../protocol/ids.ts";
import type { ConversationId, DeviceId } from "../protocol/ids.ts";
import { signedBytes } from "../protocol/signed-bytes.ts";
import { isSignatureValid } from "./signature.ts";

/** A device that cannot follow asks to be removed and added. `epoch`: the one it stands at; `keyPackage`: a fresh one, encoded. */
export interface ReaddRequest {
  readonly conversation: ConversationId;
  readonly generation: number;
  readonly epoch: number;
  readonly keyPackage: Uint8Array;
  readonly device: DeviceId;
}

/** What the device key signs. */
export function readdRequestBytes(request: ReaddRequest): Uint8Array {
  const { conversation, generation, epoch, keyPackage, device } = request;
  return signedBytes("readd", idToBytes(conversation), generation, epoch, keyPackage, idToBytes(device));
}

/** Whether the device key (32 bytes) signed exactly this request. */
export function verifyReaddRequest(request: ReaddRequest, signature: Uint8Array, deviceKey: Uint8Array): boolean {
  return isSignatureValid(signature, readdRequestBytes(request), deviceKey);
}
