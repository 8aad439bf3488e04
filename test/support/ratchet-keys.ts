import { decryptSenderData } from "ts-mls/privateMessage.js";
import type { Group } from "../../src/crypto/group-engine.ts";
import { decodeMessagePayload } from "../../src/crypto/message-payload.ts";
import { toMlsGroup } from "../../src/crypto/mls/mls-group.ts";
import { decodeMlsStrictly } from "../../src/identity/mls-decoding.ts";
import { fromBase64 } from "../../src/protocol/base64.ts";

/** Which key sealed a payload: `epoch/leaf/generation`. `group`: of a member that still has that epoch. */
export async function ratchetKeyOf(payload: string, group: Group): Promise<string> {
  const { state, primitives } = toMlsGroup(group);
  const message = decodeMlsStrictly(decodeMessagePayload(fromBase64(payload)).ciphertext);
  if (message.wireformat !== "mls_private_message") throw new Error("not a PrivateMessage");
  const { privateMessage } = message;
  const { epoch } = privateMessage;
  const isCurrent = epoch === state.groupContext.epoch;
  const secret = isCurrent
    ? state.keySchedule.senderDataSecret
    : state.historicalReceiverData.get(epoch)?.senderDataSecret;
  if (!secret) throw new Error(`epoch ${epoch} is not kept any more`);
  const data = await decryptSenderData(privateMessage, secret, primitives);
  if (!data) throw new Error("the sender data cannot be read");
  return `${epoch}/${data.leafIndex}/${data.generation}`;
}

/** Keys of the ratchet that sealed more than one ciphertext. */
export async function keysUsedTwice(payloads: readonly string[], group: Group): Promise<string[]> {
  const sealed = new Map<string, string>();
  const twice: string[] = [];
  for (const payload of new Set(payloads)) {
    const key = await ratchetKeyOf(payload, group);
    if (sealed.has(key)) twice.push(key);
    sealed.set(key, payload);
  }
  return twice;
}
