import { equalBytes } from "../protocol/equal-bytes.ts";
import { isSignatureValid } from "../identity/signature.ts";
import { ByteReader } from "../protocol/byte-reader.ts";
import { ByteWriter } from "../protocol/byte-writer.ts";
import { SottoError } from "../protocol/errors.ts";
import { idToBytes, type ConversationId, type DeviceId, type MessageId } from "../protocol/ids.ts";
import { signedBytes } from "../protocol/signed-bytes.ts";
import { pad, unpad } from "./padding.ts";
import { xchacha20Poly1305 as cipher } from "./primitives/aead.ts";
import { concatBytes, equalSecrets } from "./primitives/bytes.ts";
import { blake2b256, blake2b512 } from "./primitives/hash.ts";
import { randomBytes } from "./primitives/random.ts";
import { sign } from "./signing-key.ts";

/** Which message a body belongs to; a body opens nowhere else. */
export interface BodyPlace {
  readonly conversation: ConversationId;
  readonly id: MessageId;
  readonly sender: DeviceId;
}

/** What a body holds. `number`: the sender device's count in this conversation, from 1. `previousContentHash`: 32 bytes. */
export interface BodyContent {
  readonly number: number;
  readonly previousContentHash: Uint8Array;
  readonly content: Uint8Array;
}

export interface OpenedBody extends BodyContent {
  /** 32 bytes. */
  readonly contentHash: Uint8Array;
}

export interface SealedBody {
  /** 32 bytes, fresh: whoever holds it can read this body and no other. */
  readonly bodyKey: Uint8Array;
  readonly body: Uint8Array;
  /** 32 bytes: what the sender's next message names as its previous content. */
  readonly contentHash: Uint8Array;
}

const version = 1;
const tagLength = 32;
const headLength = 1 + tagLength + cipher.nonceLength;

/**
 * Signs content with the sender's device key and seals it: XChaCha20-Poly1305 under a key derived from a fresh body key,
 * behind a tag that commits to that key (the cipher alone opens one ciphertext under two keys). Layout: version (1), tag (32),
 * nonce (24), ciphertext of number ‖ previous content hash ‖ signature ‖ content, padded. `deviceSecretKey`: 64 bytes.
 */
export function sealBody(place: BodyPlace, inner: BodyContent, deviceSecretKey: Uint8Array): SealedBody {
  if (inner.previousContentHash.length !== 32) throw new RangeError("a content hash has 32 bytes");
  const where = placeParts(place);
  const random = randomBytes(32 + cipher.nonceLength);
  const [bodyKey, nonce] = [random.subarray(0, 32), random.subarray(32)];
  const { key, tag } = deriveKeys(where, bodyKey);
  const signed = messageSignedBytes(where, inner);
  const signature = sign(deviceSecretKey, signed);
  const plaintext = pad(
    new ByteWriter().u64(inner.number).fixed(inner.previousContentHash).fixed(signature).opaque(inner.content).finish(),
  );
  const ciphertext = cipher.seal(key, nonce, signedBytes("body", ...where), plaintext);
  plaintext.fill(0);
  key.fill(0);
  return {
    bodyKey,
    body: concatBytes(Uint8Array.of(version), tag, nonce, ciphertext),
    contentHash: blake2b256(signed),
  };
}

/**
 * Opens a body and checks the sender's signature. `deviceKey`: the sender's, 32 bytes. Throws `undecryptable`, always the same,
 * for a wrong key, place, tag, padding or signature.
 */
export function openBody(
  place: BodyPlace,
  body: Uint8Array,
  keys: { bodyKey: Uint8Array; deviceKey: Uint8Array },
): OpenedBody {
  const where = placeParts(place);
  const { inner, signature } = openSigned(where, body, keys.bodyKey);
  const signed = messageSignedBytes(where, inner);
  if (!isSignatureValid(signature, signed, keys.deviceKey)) refuse();
  return { ...inner, contentHash: blake2b256(signed) };
}

/**
 * Opens a body that its sender has named in what it signed otherwise: with that, the body is as good as signed, and its own signature is
 * left to those who read it without. `bodyHash`: 32 bytes, as the sealed message has it. Throws `undecryptable`, always the same.
 */
export function openNamedBody(
  place: BodyPlace,
  body: Uint8Array,
  named: { bodyKey: Uint8Array; bodyHash: Uint8Array },
): OpenedBody {
  if (!isBodyHash(body, named.bodyHash)) refuse();
  const where = placeParts(place);
  const { inner } = openSigned(where, body, named.bodyKey);
  return { ...inner, contentHash: blake2b256(messageSignedBytes(where, inner)) };
}

function openSigned(
  where: PlaceParts,
  body: Uint8Array,
  bodyKey: Uint8Array,
): { inner: BodyContent; signature: Uint8Array } {
  if (bodyKey.length !== 32 || body.length < headLength || body[0] !== version) refuse();
  const { key, tag } = deriveKeys(where, bodyKey);
  if (!equalSecrets(tag, body.subarray(1, 1 + tagLength))) refuse();
  const nonce = body.subarray(1 + tagLength, headLength);
  const padded = cipher.open(key, nonce, signedBytes("body", ...where), body.subarray(headLength));
  key.fill(0);
  const opened = decodeInner(unpad(padded));
  padded.fill(0);
  return opened;
}

/** BLAKE2b-256 of a sealed body, as the sealed message names it. */
export function hashBody(body: Uint8Array): Uint8Array {
  return blake2b256(signedBytes("body-hash", body));
}

/** Whether a body is the one that a sealed message names. `bodyHash`: 32 bytes. */
export function isBodyHash(body: Uint8Array, bodyHash: Uint8Array): boolean {
  return equalBytes(hashBody(body), bodyHash);
}

function decodeInner(bytes: Uint8Array): { inner: BodyContent; signature: Uint8Array } {
  try {
    const reader = new ByteReader(bytes);
    const [number, previousContentHash, signature] = [reader.u64(), reader.fixed(32), reader.fixed(64)];
    const content = reader.opaque();
    reader.finish();
    return { inner: { number, previousContentHash, content }, signature };
  } catch {
    return refuse();
  }
}

/** Two halves of one hash: what seals the body, and what is shown to commit to the body key. */
function deriveKeys(where: PlaceParts, bodyKey: Uint8Array): { key: Uint8Array; tag: Uint8Array } {
  const derived = blake2b512(signedBytes("body-keys", ...where), bodyKey);
  return { key: derived.subarray(0, 32), tag: derived.subarray(32) };
}

/** What is signed; hashed, what the sender's next message names. */
function messageSignedBytes(where: PlaceParts, inner: BodyContent): Uint8Array {
  return signedBytes("message", ...where, inner.number, inner.previousContentHash, inner.content);
}

/** Conversation, id and sender device, 16 bytes each: what every hash, key and signature of a body is bound to. */
type PlaceParts = [Uint8Array, Uint8Array, Uint8Array];

function placeParts({ conversation, id, sender }: BodyPlace): PlaceParts {
  return [idToBytes(conversation), idToBytes(id), idToBytes(sender)];
}

function refuse(): never {
  throw new SottoError("undecryptable");
}
