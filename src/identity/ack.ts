import { idToBytes } from "../protocol/ids.ts";
import type { ConversationId } from "../protocol/ids.ts";
import { signedBytes } from "../protocol/signed-bytes.ts";
import { isSignatureValid } from "./signature.ts";

/**
 * "I have persisted everything up to `sequence`." `logHash`: 32 bytes, the running hash at `sequence`.
 * `unopened`: ranges of sequences, first and last inclusive, that this device could not open.
 */
export interface SignedAck {
  readonly conversation: ConversationId;
  readonly sequence: number;
  readonly logHash: Uint8Array;
  readonly unopened: readonly (readonly [number, number])[];
}

/** What the device key signs. */
export function ackBytes(ack: SignedAck): Uint8Array {
  const { conversation, sequence, logHash, unopened } = ack;
  return signedBytes("ack", idToBytes(conversation), sequence, logHash, unopened.length, ...unopened.flat());
}

/** Whether the device key (32 bytes) signed exactly this ack. */
export function verifyAck(ack: SignedAck, signature: Uint8Array, deviceKey: Uint8Array): boolean {
  return isSignatureValid(signature, ackBytes(ack), deviceKey);
}
