import { generateSigningKeyPair } from "../../src/crypto/signing-key.ts";
import { newId, type ConversationId, type DeviceId, type MessageId } from "../../src/protocol/ids.ts";

/** A place for a body, a sender's keys and something to say: what the tests of sealing start from. */
export function exampleMessage() {
  return {
    place: { conversation: newId<ConversationId>(), id: newId<MessageId>(), sender: newId<DeviceId>() },
    keys: generateSigningKeyPair(),
    inner: { number: 7, previousContentHash: new Uint8Array(32).fill(9), content: Uint8Array.of(1, 2, 3) },
    deviceList: { version: 4, head: new Uint8Array(32).fill(5) },
  };
}

/** A copy with one bit turned over. */
export function flipBit(bytes: Uint8Array, at: number): Uint8Array {
  const copy = bytes.slice();
  copy[at] = copy[at]! ^ 1;
  return copy;
}

/** The code of the SottoError that a call throws, and its text; fails when it throws none. */
export function refusalOf(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    if (error instanceof Error && "code" in error) return `${String(error.code)}: ${error.message}`;
    throw error;
  }
  throw new Error("nothing was refused");
}
