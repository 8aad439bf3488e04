/**
 * "I am writing", sealed for whoever is in the group at this epoch: all signals have one size, so that the node sees that one goes and
 * nothing of it. Signed by the device inside, because the key is every member's.
 */
import { ByteReader } from "../protocol/byte-reader.ts";
import { ByteWriter } from "../protocol/byte-writer.ts";
import { SottoError } from "../protocol/errors.ts";
import { idToBytes, type ConversationId, type DeviceId, type UserId } from "../protocol/ids.ts";
import { limits } from "../protocol/limits.ts";
import { signedBytes } from "../protocol/signed-bytes.ts";
import { isSignatureValid } from "../identity/signature.ts";
import type { Group, GroupEngine } from "./group-engine.ts";
import { xchacha20Poly1305 as cipher } from "./primitives/aead.ts";
import { concatBytes } from "./primitives/bytes.ts";
import { randomBytes } from "./primitives/random.ts";
import { sign } from "./signing-key.ts";

/** `at`: the sender's clock, in milliseconds since 1970, and greater each time: a signal that is not newer is a replay. */
export interface TypingSignal {
  readonly isTyping: boolean;
  readonly at: number;
}

/** Where a signal belongs, and whose it is. */
export interface TypingPlace {
  readonly conversation: ConversationId;
  readonly generation: number;
  readonly epoch: number;
  readonly user: UserId;
  readonly device: DeviceId;
}

const signalLength = 9;

/** 32 bytes: an MLS exporter secret of the group's epoch, the same for all its members. */
export function exportTypingKey(engine: Pick<GroupEngine, "exportSecret">, group: Group): Promise<Uint8Array> {
  return engine.exportSecret(group, "sotto typing", new Uint8Array(), 32);
}

/** `limits.sealedTypingBytes` bytes: nonce (24), ciphertext of time (8), state (1) and signature (64), tag (16). */
export function sealTyping(
  key: Uint8Array,
  deviceSecretKey: Uint8Array,
  place: TypingPlace,
  { isTyping, at }: TypingSignal,
): Uint8Array {
  const nonce = randomBytes(cipher.nonceLength);
  const signal = new ByteWriter()
    .u64(at)
    .u8(isTyping ? 1 : 0)
    .finish();
  const signature = sign(deviceSecretKey, concatBytes(placeBytes("typing", place), signal));
  return concatBytes(nonce, cipher.seal(key, nonce, placeBytes("typing-seal", place), concatBytes(signal, signature)));
}

/** Throws `undecryptable`, always the same, for a wrong key, place, device (`deviceKey`: 32 bytes) or shape. */
export function openTyping(
  key: Uint8Array,
  deviceKey: Uint8Array,
  place: TypingPlace,
  sealed: Uint8Array,
): TypingSignal {
  if (sealed.length !== limits.sealedTypingBytes) throw new SottoError("undecryptable");
  const nonce = sealed.subarray(0, cipher.nonceLength);
  const opened = cipher.open(key, nonce, placeBytes("typing-seal", place), sealed.subarray(cipher.nonceLength));
  const signal = opened.subarray(0, signalLength);
  const said = concatBytes(placeBytes("typing", place), signal);
  if (!isSignatureValid(opened.subarray(signalLength), said, deviceKey)) throw new SottoError("undecryptable");
  const reader = new ByteReader(signal);
  return { at: reader.u64(), isTyping: reader.u8() === 1 };
}

function placeBytes(
  label: "typing" | "typing-seal",
  { conversation, generation, epoch, user, device }: TypingPlace,
): Uint8Array {
  return signedBytes(label, idToBytes(conversation), generation, epoch, user, idToBytes(device));
}
