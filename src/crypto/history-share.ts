/**
 * History keys on their way to somebody who has joined a group, from a member who has a role in it: sealed to a key package of each of
 * the joiner's devices, so that the other members, in whose log this stands, gain none that they do not have.
 */
import { keyPackageHash } from "../identity/key-package-inspection.ts";
import { ByteReader, MalformedBytes } from "../protocol/byte-reader.ts";
import { ByteWriter } from "../protocol/byte-writer.ts";
import { SottoError } from "../protocol/errors.ts";
import { idToBytes, type ConversationId, type DeviceId, type UserId } from "../protocol/ids.ts";
import { suites } from "../protocol/limits.ts";
import { signedBytes } from "../protocol/signed-bytes.ts";
import type { HistoryKeysContent, HistoryKeysRecipient } from "./content.ts";
import type { DeviceIdentity, KeyPackagePair } from "./group-engine.ts";
import type { HistoryKey } from "./history-key.ts";
import { decodeKeyPackage, decodePrivateKeyPackage } from "./key-package.ts";
import { xchacha20Poly1305 as cipher } from "./primitives/aead.ts";
import { concatBytes } from "./primitives/bytes.ts";
import { randomBytes } from "./primitives/random.ts";
import { suiteImplementation } from "./provider.ts";

/** The suite of the key packages that history keys are sealed to, whatever the group's is. */
export const shareSuite = suites.default;
/** So many go into one message: with 20 recipients 50 kB. */
export const keysPerShare = 512;
/** Generation, epoch, key. */
const keyLength = 8 + 8 + 32;
/** Device, hash of its key package, encapsulation, share key. */
const recipientLength = 16 + 32 + 1120 + 48;
/** At most: what a message has beside its padded body, and the body beside keys and recipients. */
const besideBody = 1536;
const besideKeys = 384;

/** How many keys for how many of the recipients go into a message of at most `maxMessageBytes`. Throws `too-large` where not one does. */
export function shareThatFits(maxMessageBytes: number, recipients: number): { keys: number; recipients: number } {
  // Bodies are padded to powers of two.
  const body = 2 ** Math.floor(Math.log2(Math.max(1, maxMessageBytes - besideBody)));
  const room = body - besideKeys;
  const some = Math.min(recipients, Math.max(1, Math.floor(room / 2 / recipientLength)));
  const keys = Math.min(keysPerShare, Math.floor((room - some * recipientLength) / keyLength));
  if (keys < 1) throw new SottoError("too-large", { detail: "The node takes no message that history keys fit into." });
  return { keys, recipients: some };
}

/** Whom the keys are for, and in which group. */
export interface SharePlace {
  readonly conversation: ConversationId;
  readonly user: UserId;
}

/** `packages`: one of each device, encoded; the caller has checked whose they are. */
export async function sealHistoryShare(
  place: SharePlace,
  keys: readonly HistoryKey[],
  packages: readonly { device: DeviceId; bytes: Uint8Array }[],
): Promise<Pick<HistoryKeysContent, "user" | "sealed" | "recipients">> {
  const { hpke } = await suiteImplementation(shareSuite);
  const shareKey = randomBytes(32);
  const recipients: HistoryKeysRecipient[] = [];
  for (const { device, bytes } of packages) {
    const keyPackage = keyPackageHash(bytes);
    const publicKey = await hpke.importPublicKey(decodeKeyPackage(bytes).initKey);
    const { enc, ct } = await hpke.seal(publicKey, shareKey, recipientBytes(place, device, keyPackage));
    recipients.push({ device, keyPackage, encapsulated: enc, sealed: ct });
  }
  const writer = new ByteWriter();
  for (const { generation, epoch, key } of keys) writer.u64(generation).u64(epoch).fixed(key);
  const nonce = randomBytes(cipher.nonceLength);
  const sealed = concatBytes(nonce, cipher.seal(shareKey, nonce, placeBytes(place), writer.finish()));
  shareKey.fill(0);
  return { user: place.user, sealed, recipients };
}

/** Throws `undecryptable` for what is not sealed to this pair, for this device's user and this group. */
export async function openHistoryShare(
  { user, device, deviceSecretKey }: DeviceIdentity,
  conversation: ConversationId,
  pair: KeyPackagePair,
  { sealed, recipients }: Pick<HistoryKeysContent, "sealed" | "recipients">,
): Promise<HistoryKey[]> {
  const place = { conversation, user };
  const recipient = recipients.find((one) => one.device === device);
  if (!recipient) throw new SottoError("undecryptable");
  try {
    const { hpke } = await suiteImplementation(shareSuite);
    const { initPrivateKey } = decodePrivateKeyPackage(pair.privateBytes, deviceSecretKey);
    const privateKey = await hpke.importPrivateKey(initPrivateKey);
    const info = recipientBytes(place, device, pair.hash);
    const shareKey = await hpke.open(privateKey, recipient.encapsulated, recipient.sealed, info);
    const [nonce, ciphertext] = [sealed.subarray(0, cipher.nonceLength), sealed.subarray(cipher.nonceLength)];
    return decodeKeys(cipher.open(shareKey, nonce, placeBytes(place), ciphertext));
  } catch (cause) {
    throw new SottoError("undecryptable", { cause });
  }
}

/** Of a message that says too much, or names what no history key is called, nothing counts. */
function decodeKeys(bytes: Uint8Array): HistoryKey[] {
  if (bytes.length > keysPerShare * keyLength) throw new MalformedBytes("too many keys");
  const reader = new ByteReader(bytes);
  const keys: HistoryKey[] = [];
  while (reader.remaining > 0) keys.push({ generation: reader.u64(), epoch: reader.u64(), key: reader.fixed(32) });
  // A key is taken of what a commit began: the first epoch is 1.
  if (keys.some(({ generation, epoch }) => generation < 1 || epoch < 1)) throw new MalformedBytes("not a key's name");
  return keys;
}

const placeBytes = ({ conversation, user }: SharePlace): Uint8Array =>
  signedBytes("history-share-keys", idToBytes(conversation), user);

const recipientBytes = ({ conversation, user }: SharePlace, device: DeviceId, keyPackage: Uint8Array): Uint8Array =>
  signedBytes("history-share-key", idToBytes(conversation), user, idToBytes(device), keyPackage);
