import { idToBytes } from "../protocol/ids.ts";
import type { ConversationId, DeviceId, MessageId, UserId } from "../protocol/ids.ts";
import { signedBytes } from "../protocol/signed-bytes.ts";
import { isSignatureValid } from "./signature.ts";

/** A user leaves a group with all devices, at this epoch: said by one of them, and good for no other epoch. */
export interface Leave {
  readonly conversation: ConversationId;
  readonly generation: number;
  readonly epoch: number;
  readonly id: MessageId;
  readonly user: UserId;
  readonly device: DeviceId;
}

/** What the device key signs. */
export function leaveBytes({ conversation, generation, epoch, id, user, device }: Leave): Uint8Array {
  return signedBytes("leave", idToBytes(conversation), generation, epoch, idToBytes(id), user, idToBytes(device));
}

/** Whether the device key (32 bytes) signed exactly this leave. */
export function verifyLeave(leave: Leave, signature: Uint8Array, deviceKey: Uint8Array): boolean {
  return isSignatureValid(signature, leaveBytes(leave), deviceKey);
}
