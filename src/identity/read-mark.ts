import { idToBytes } from "../protocol/ids.ts";
import { signedBytes } from "../protocol/signed-bytes.ts";
import type { SignedAck } from "./ack.ts";
import { isSignatureValid } from "./signature.ts";

/** For whom a mark is: the senders of what was read, too, or the user's own devices alone. */
export type ReadAudience = "all" | "own";

/**
 * "My user has read everything up to `sequence`", but for what this device could not open (`unopened`). `audience` is signed with
 * it, so that a mark for the user's own devices is no receipt to anybody else.
 */
export interface SignedReadMark extends SignedAck {
  readonly audience: ReadAudience;
}

/** What the device key signs. */
export function readMarkBytes(mark: SignedReadMark): Uint8Array {
  const { conversation, sequence, logHash, unopened, audience } = mark;
  return signedBytes("read", idToBytes(conversation), audience, sequence, logHash, unopened.length, ...unopened.flat());
}

/** Whether the device key (32 bytes) signed exactly this mark. */
export function verifyReadMark(mark: SignedReadMark, signature: Uint8Array, deviceKey: Uint8Array): boolean {
  return isSignatureValid(signature, readMarkBytes(mark), deviceKey);
}
