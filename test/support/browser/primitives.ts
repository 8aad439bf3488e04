/** Every primitive of `src/crypto`, on bytes that are the same each time: what it gives here can be held beside what it gives elsewhere. */
import { chacha20Poly1305, xchacha20Poly1305 } from "../../../src/crypto/primitives/aead.ts";
import { equalSecrets } from "../../../src/crypto/primitives/bytes.ts";
import { blake2b256, hmac, RunningBlake2b256, sha2 } from "../../../src/crypto/primitives/hash.ts";
import { hkdfExpand, hkdfExtract } from "../../../src/crypto/primitives/kdf.ts";
import { dhkemX25519, x25519, xWing, type Kem } from "../../../src/crypto/primitives/kem.ts";
import { StreamOpener, StreamSealer } from "../../../src/crypto/primitives/secretstream.ts";
import { pad, unpad } from "../../../src/crypto/padding.ts";
import { createVault, openVault } from "../../../src/crypto/record-sealing.ts";
import { sign, signingKeyPairFromSeed } from "../../../src/crypto/signing-key.ts";
import { isSignatureValid } from "../../../src/identity/signature.ts";

/** What somebody has made by chance, in hex, for another to open. */
export type Made = Record<"xWing" | "dhkem" | "header" | "record", string>;

const bytes = (length: number, first = 1) => Uint8Array.from({ length }, (_, index) => (first + index * 7) & 0xff);
const hex = (value: Uint8Array) => Array.from(value, (byte) => byte.toString(16).padStart(2, "0")).join("");
const unhex = (text: string) => Uint8Array.from(text.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
const message = bytes(1000);
const secret = "correct horse";

function refused(run: () => unknown): boolean {
  try {
    run();
    return false;
  } catch {
    return true;
  }
}

export function make(): Made {
  const { header, vault } = createVault(secret, { passes: 2, memoryBytes: 1024 * 1024 });
  return {
    xWing: hex(xWing.encapsulate(xWing.deriveKeyPair(bytes(32)).publicKey).encapsulated),
    dhkem: hex(dhkemX25519.encapsulate(dhkemX25519.deriveKeyPair(bytes(32)).publicKey).encapsulated),
    header: hex(header),
    record: hex(vault.seal("table", "id", message)),
  };
}

export function primitiveResults(made: Made): Record<string, unknown> {
  return { ...hashes(), ...ciphers(), ...keys(made), ...streams(), ...stored(made) };
}

function hashes() {
  const running = new RunningBlake2b256();
  running.update(message.subarray(0, 300));
  running.update(message.subarray(300));
  const macs = (["SHA-256", "SHA-512"] as const).map((name) => [
    sha2(name, message),
    ...[7, 32, 200].map((length) => hmac(name, bytes(length), message)),
    hkdfExpand(name, hkdfExtract(name, bytes(13), message), bytes(9), 150),
  ]);
  return {
    blake2b: [blake2b256(message), blake2b256(message, bytes(32)), running.finish()].map(hex),
    sha2: macs.flat().map(hex),
  };
}

function ciphers() {
  return Object.fromEntries(
    Object.entries({ chacha20Poly1305, xchacha20Poly1305 }).map(([name, cipher]) => {
      const [key, nonce, data] = [bytes(32), bytes(cipher.nonceLength), bytes(11)];
      const sealed = cipher.seal(key, nonce, data, message);
      const opened = cipher.open(key, nonce, data, sealed);
      return [name, [hex(sealed), hex(opened), refused(() => cipher.open(key, nonce, bytes(12), sealed))]];
    }),
  );
}

function keys(made: Made) {
  const byKem = (kem: Kem, encapsulated: string) => {
    const { publicKey, secretKey } = kem.deriveKeyPair(bytes(32));
    const own = kem.encapsulate(publicKey);
    const agreed = equalSecrets(kem.decapsulate(secretKey, own.encapsulated), own.sharedSecret);
    return [hex(publicKey), hex(kem.decapsulate(secretKey, unhex(encapsulated))), agreed];
  };
  const { publicKey, secretKey } = signingKeyPairFromSeed(bytes(32));
  const signature = sign(secretKey, message);
  return {
    xWing: byKem(xWing, made.xWing),
    dhkem: byKem(dhkemX25519, made.dhkem),
    x25519: [hex(x25519(bytes(32), bytes(32, 9))), refused(() => x25519(bytes(32), new Uint8Array(32)))],
    ed25519: [hex(publicKey), hex(signature)],
    isValid: [message, bytes(1000, 2)].map((signed) => isSignatureValid(signature, signed, publicKey)),
  };
}

function streams() {
  const sealer = new StreamSealer(bytes(32), bytes(24));
  const chunks = [sealer.seal(message, false), sealer.seal(bytes(5), true)];
  const opener = new StreamOpener(bytes(32), bytes(24));
  const opened = chunks.map((chunk, at) => opener.open(chunk, at === 1));
  for (const stream of [sealer, opener]) stream.end();
  return { stream: [...chunks, ...opened].map(hex) };
}

function stored(made: Made) {
  const vault = openVault(unhex(made.header), secret);
  return {
    padded: [hex(pad(message)), hex(unpad(pad(message))), refused(() => unpad(new Uint8Array(1024)))],
    record: hex(vault.open("table", "id", unhex(made.record))),
    otherSecret: refused(() => openVault(unhex(made.header), "another horse")),
  };
}
