import { idToBytes } from "../protocol/ids.ts";
import type { ConversationId, DeviceId, UserId } from "../protocol/ids.ts";
import { signedBytes } from "../protocol/signed-bytes.ts";
import { isSignatureValid } from "./signature.ts";

/**
 * Somebody with a role lets a member of a group read what was said before it came. `joinedSequence`: where it came; good for no other
 * stay. `by`: the device that signs.
 */
export interface HistoryShare {
  readonly conversation: ConversationId;
  readonly user: UserId;
  readonly joinedSequence: number;
  readonly by: { readonly user: UserId; readonly device: DeviceId };
}

/** What the device key signs. */
export function historyShareBytes({ conversation, user, joinedSequence, by }: HistoryShare): Uint8Array {
  return signedBytes("history-share", idToBytes(conversation), user, joinedSequence, by.user, idToBytes(by.device));
}

/** Whether the device key (32 bytes) signed exactly this. */
export function verifyHistoryShare(share: HistoryShare, signature: Uint8Array, deviceKey: Uint8Array): boolean {
  return isSignatureValid(signature, historyShareBytes(share), deviceKey);
}
