import { equalBytes } from "../protocol/equal-bytes.ts";
import { SottoError } from "../protocol/errors.ts";
import { idToBytes, type DeviceId, type UserId } from "../protocol/ids.ts";
import { signedBytes } from "../protocol/signed-bytes.ts";
import { decodeLinkCode, encodeLinkCode, linkChannel, type LinkCode } from "./link-code.ts";
import { xchacha20Poly1305 as cipher } from "./primitives/aead.ts";
import { blake2b256 } from "./primitives/hash.ts";
import { xWing } from "./primitives/kem.ts";
import { randomBytes } from "./primitives/random.ts";
import { decodeTaggedFields, encodeTaggedFields, fieldOfLength } from "./tagged-fields.ts";

/** A device that waits to be linked, as the server passes it on. `deviceKey`: 32 bytes; `kemPublicKey`: 1216, X-Wing. */
export interface LinkOffer {
  readonly user: UserId;
  readonly device: DeviceId;
  readonly deviceKey: Uint8Array;
  readonly kemPublicKey: Uint8Array;
}

/** A new device's side of a link. `code` goes from screen to screen, never through the server; `channel` (16 bytes) does. */
export interface NewLink extends LinkOffer {
  readonly code: string;
  readonly channel: Uint8Array;
  /** 32 bytes. */
  readonly kemSecretKey: Uint8Array;
}

const version = 1;
const tags = { encapsulated: 1, nonce: 2, ciphertext: 3 } as const;

/** Begins a link on the new device: a fresh X-Wing key and the code that stands for it. `deviceKey`: 32 bytes. */
export function newLink(user: UserId, device: DeviceId, deviceKey: Uint8Array): NewLink {
  const { publicKey: kemPublicKey, secretKey: kemSecretKey } = xWing.generateKeyPair();
  const offer: LinkOffer = { user, device, deviceKey, kemPublicKey };
  const code: LinkCode = { secret: randomBytes(16), offerHash: hashOffer(offer) };
  return { ...offer, kemSecretKey, code: encodeLinkCode(code), channel: linkChannel(code) };
}

/** The server's name (16 bytes) for the offer behind a code. Throws `invalid-argument` for a mistyped code. */
export function channelOfLinkCode(code: string): Uint8Array {
  return linkChannel(decodeLinkCode(code));
}

/**
 * Seals what the new device needs, on a primary: to the offer's X-Wing key and under the code's secret, so that neither the
 * server, which lacks the code, nor one who saw the code alone can read or forge it. Throws `link-mismatch` when the offer is not
 * the one that the code stands for. `checkDigits`: six digits, the same on both screens.
 */
export function sealLink(
  code: string,
  offer: LinkOffer,
  payload: Uint8Array,
): { sealed: Uint8Array; checkDigits: string } {
  const { secret, offerHash } = decodeLinkCode(code);
  if (!equalBytes(offerHash, hashOffer(offer))) throw new SottoError("link-mismatch");
  try {
    const { encapsulated, sharedSecret } = xWing.encapsulate(offer.kemPublicKey);
    const { key, transcript, checkDigits } = deriveKey(offer, secret, { encapsulated, sharedSecret });
    const nonce = randomBytes(cipher.nonceLength);
    const ciphertext = cipher.seal(key, nonce, transcript, payload);
    key.fill(0);
    const sealed = encodeTaggedFields(version, [
      [tags.encapsulated, encapsulated],
      [tags.nonce, nonce],
      [tags.ciphertext, ciphertext],
    ]);
    return { sealed, checkDigits };
  } catch {
    throw new SottoError("link-mismatch");
  }
}

/** Opens the answer on the new device. Throws `link-mismatch` for whatever was not sealed to this link with its code. */
export function openLink(link: NewLink, sealed: Uint8Array): { payload: Uint8Array; checkDigits: string } {
  try {
    const { secret } = decodeLinkCode(link.code);
    const fields = decodeTaggedFields(sealed, version, { required: Object.values(tags) });
    const encapsulated = fieldOfLength(fields, tags.encapsulated, 1120);
    const sharedSecret = xWing.decapsulate(link.kemSecretKey, encapsulated);
    const { key, transcript, checkDigits } = deriveKey(link, secret, { encapsulated, sharedSecret });
    const nonce = fieldOfLength(fields, tags.nonce, cipher.nonceLength);
    const payload = cipher.open(key, nonce, transcript, fields.get(tags.ciphertext)!);
    key.fill(0);
    return { payload, checkDigits };
  } catch {
    throw new SottoError("link-mismatch");
  }
}

function hashOffer({ user, device, deviceKey, kemPublicKey }: LinkOffer): Uint8Array {
  return blake2b256(signedBytes("link-hash", user, idToBytes(device), deviceKey, kemPublicKey)).slice(0, 16);
}

function deriveKey(
  { user, device, deviceKey, kemPublicKey }: LinkOffer,
  secret: Uint8Array,
  agreed: { encapsulated: Uint8Array; sharedSecret: Uint8Array },
) {
  const transcript = signedBytes("link", user, idToBytes(device), deviceKey, kemPublicKey, agreed.encapsulated);
  const key = blake2b256(signedBytes("link-key", secret, transcript), agreed.sharedSecret);
  agreed.sharedSecret.fill(0);
  const digest = blake2b256(signedBytes("link-digits", transcript), key);
  const number = new DataView(digest.buffer, digest.byteOffset).getBigUint64(0) % 1_000_000n;
  return { key, transcript, checkDigits: number.toString().padStart(6, "0") };
}
