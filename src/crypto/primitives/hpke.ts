import type { Hpke, PrivateKey, PublicKey } from "ts-mls/crypto/hpke.js";
import { SottoError } from "../../protocol/errors.ts";
import { chacha20Poly1305 } from "./aead.ts";
import { concatBytes } from "./bytes.ts";
import type { HashName } from "./hash.ts";
import { hashLength } from "./kdf.ts";
import type { Kem } from "./kem.ts";
import { labelledExpand, labelledExtract } from "./labelled-kdf.ts";

const none = new Uint8Array();
const aead = chacha20Poly1305;

/** What one key schedule gives (RFC 9180 §5.1): enough for one message, as MLS uses it. */
interface Context {
  key: Uint8Array;
  nonce: Uint8Array;
  exporterSecret: Uint8Array;
}

/** A KEM key in the shape that the engine's types ask for; it never goes near Web Crypto. */
class KemKey<T extends "public" | "private"> implements CryptoKey {
  readonly algorithm = { name: "KEM" };
  readonly extractable = true;
  readonly usages: KeyUsage[] = [];
  readonly type: T;
  readonly bytes: Uint8Array;

  constructor(type: T, bytes: Uint8Array) {
    this.type = type;
    this.bytes = bytes;
  }
}

/** HPKE in base mode (RFC 9180 §5, §6.1) with ChaCha20-Poly1305, single-shot, as the engine's `Hpke`. */
export function makeHpke(kem: Kem, hash: HashName): Hpke {
  const schedule = makeKeySchedule(kem, hash);
  const pair = (keys: { publicKey: Uint8Array; secretKey: Uint8Array }) => ({
    publicKey: new KemKey("public", keys.publicKey),
    privateKey: new KemKey("private", keys.secretKey),
  });
  const decapsulate = (privateKey: PrivateKey, encapsulated: Uint8Array, info: Uint8Array) =>
    schedule.context(kem.decapsulate(bytesOf(privateKey), encapsulated), info);

  return {
    keyLength: aead.keyLength,
    nonceLength: aead.nonceLength,
    async seal(publicKey, plaintext, info, associatedData = none) {
      const { encapsulated, sharedSecret } = kem.encapsulate(bytesOf(publicKey));
      const { key, nonce } = schedule.context(sharedSecret, info);
      return { ct: aead.seal(key, nonce, associatedData, plaintext), enc: encapsulated };
    },
    async open(privateKey, encapsulated, ciphertext, info, associatedData = none) {
      const { key, nonce } = decapsulate(privateKey, encapsulated, info);
      return aead.open(key, nonce, associatedData, ciphertext);
    },
    async exportSecret(publicKey, exporterContext, length, info) {
      const { encapsulated, sharedSecret } = kem.encapsulate(bytesOf(publicKey));
      const context = schedule.context(sharedSecret, info);
      return { enc: encapsulated, secret: schedule.exportFrom(context, exporterContext, length) };
    },
    async importSecret(privateKey, exporterContext, encapsulated, length, info) {
      return schedule.exportFrom(decapsulate(privateKey, encapsulated, info), exporterContext, length);
    },
    importPrivateKey: async (bytes) => new KemKey("private", ofLength(bytes, kem.secretKeyLength)),
    importPublicKey: async (bytes) => new KemKey("public", ofLength(bytes, kem.publicKeyLength)),
    exportPublicKey: async (key) => bytesOf(key),
    exportPrivateKey: async (key) => bytesOf(key),
    encryptAead: async (key, nonce, associatedData, plaintext) =>
      aead.seal(key, nonce, associatedData ?? none, plaintext),
    decryptAead: async (key, nonce, associatedData, ciphertext) =>
      aead.open(key, nonce, associatedData ?? none, ciphertext),
    deriveKeyPair: async (inputKey) => pair(kem.deriveKeyPair(inputKey)),
    generateKeyPair: async () => pair(kem.generateKeyPair()),
  };
}

/** KeySchedule and Export of RFC 9180 §5.1 and §5.3, mode_base. */
function makeKeySchedule(kem: Kem, hash: HashName) {
  const kdfId = hash === "SHA-256" ? 0x0001 : 0x0003;
  const suite = concatBytes(
    new TextEncoder().encode("HPKE"),
    Uint8Array.of(kem.id >>> 8, kem.id & 0xff, kdfId >>> 8, kdfId & 0xff, 0x00, 0x03),
  );
  let pskIdHash: Uint8Array | undefined;

  function context(sharedSecret: Uint8Array, info: Uint8Array): Context {
    pskIdHash ??= labelledExtract(hash, suite, none, "psk_id_hash", none);
    const infoHash = labelledExtract(hash, suite, none, "info_hash", info);
    const transcript = concatBytes(Uint8Array.of(0x00), pskIdHash, infoHash);
    const secret = labelledExtract(hash, suite, sharedSecret, "secret", none);
    sharedSecret.fill(0);
    return {
      key: labelledExpand(hash, suite, secret, "key", transcript, aead.keyLength),
      nonce: labelledExpand(hash, suite, secret, "base_nonce", transcript, aead.nonceLength),
      exporterSecret: labelledExpand(hash, suite, secret, "exp", transcript, hashLength(hash)),
    };
  }

  const exportFrom = ({ exporterSecret }: Context, exporterContext: Uint8Array, length: number) =>
    labelledExpand(hash, suite, exporterSecret, "sec", exporterContext, length);
  return { context, exportFrom };
}

function bytesOf(key: PublicKey | PrivateKey): Uint8Array {
  if (!(key instanceof KemKey)) throw new SottoError("invalid-argument", { detail: "a key of another provider" });
  return key.bytes;
}

function ofLength(bytes: Uint8Array, length: number): Uint8Array {
  if (bytes.length !== length) throw new SottoError("invalid-argument", { detail: "a key of the wrong length" });
  return bytes;
}
