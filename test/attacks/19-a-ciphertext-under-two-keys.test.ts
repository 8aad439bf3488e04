import { expect } from "chai";
import { openBody, sealBody } from "../../src/crypto/message-body.ts";
import { xchacha20Poly1305 } from "../../src/crypto/primitives/aead.ts";
import { blake2b512 } from "../../src/crypto/primitives/hash.ts";
import { randomBytes } from "../../src/crypto/primitives/random.ts";
import { sodium, sodiumReady } from "../../src/identity/sodium.ts";
import { idToBytes } from "../../src/protocol/ids.ts";
import { signedBytes } from "../../src/protocol/signed-bytes.ts";
import { exampleMessage, refusalOf } from "../crypto/example-message.ts";

const prime = (1n << 130n) - 5n;
const wide = 1n << 128n;

const modulo = (value: bigint): bigint => ((value % prime) + prime) % prime;

function power(base: bigint, exponent: bigint): bigint {
  let [result, square] = [1n, modulo(base)];
  for (let left = exponent; left > 0n; left >>= 1n, square = modulo(square * square)) {
    if (left & 1n) result = modulo(result * square);
  }
  return result;
}

const fromLittleEndian = (bytes: Uint8Array): bigint =>
  BigInt(`0x${Buffer.from(bytes).reverse().toString("hex") || "0"}`);
const toLittleEndian = (value: bigint): Uint8Array =>
  new Uint8Array(Buffer.from(value.toString(16).padStart(32, "0"), "hex").reverse());

/** The one-time authenticator's key (r, s) that the cipher uses: the start of its key stream (RFC 8439 §2.6). */
function authenticatorKey(key: Uint8Array, nonce: Uint8Array): { r: bigint; s: bigint } {
  const stream = sodium().crypto_stream_xchacha20_xor(new Uint8Array(32), nonce, key);
  const clamp = 0x0ffffffc0ffffffc0ffffffc0fffffffn;
  return { r: fromLittleEndian(stream.subarray(0, 16)) & clamp, s: fromLittleEndian(stream.subarray(16)) };
}

/** The authenticator's blocks for associated data and ciphertext (RFC 8439 §2.8), as numbers. */
function blocksOf(associatedData: Uint8Array, ciphertext: Uint8Array): bigint[] {
  const padded = (bytes: Uint8Array) => Buffer.concat([bytes, new Uint8Array((16 - (bytes.length % 16)) % 16)]);
  const lengths = Buffer.alloc(16);
  lengths.writeBigUInt64LE(BigInt(associatedData.length), 0);
  lengths.writeBigUInt64LE(BigInt(ciphertext.length), 8);
  const all = Buffer.concat([padded(associatedData), padded(ciphertext), lengths]);
  return Array.from(
    { length: all.length / 16 },
    (_, index) => fromLittleEndian(all.subarray(index * 16, index * 16 + 16)) + wide,
  );
}

/**
 * A ciphertext of `length` bytes, its tag included, that the bare cipher opens under both keys: the last two blocks are the
 * solution of the two linear equations that make both authenticators give one tag.
 */
function ciphertextForTwoKeys(
  keys: [Uint8Array, Uint8Array],
  nonce: Uint8Array,
  ad: Uint8Array,
  length: number,
): Uint8Array {
  const [one, two] = keys.map((key) => authenticatorKey(key, nonce)) as [
    { r: bigint; s: bigint },
    { r: bigint; s: bigint },
  ];
  for (;;) {
    const ciphertext = randomBytes(length - 16);
    ciphertext.fill(0, ciphertext.length - 32);
    const tag = fromLittleEndian(randomBytes(16));
    const blocks = blocksOf(ad, ciphertext);
    const free = blocks.length - 3;
    // For each key: x·r³ + y·r² = tag − s − (what the other blocks give).
    const right = [one, two].map(({ r, s }) => {
      const sum = blocks.reduce((total, block, index) => {
        return index === free || index === free + 1 ? total : total + block * power(r, BigInt(blocks.length - index));
      }, 0n);
      return modulo((tag >= s ? tag - s : tag - s + wide) - sum);
    }) as [bigint, bigint];
    const [a, b, c, d] = [power(one.r, 3n), power(one.r, 2n), power(two.r, 3n), power(two.r, 2n)];
    const inverse = power(modulo(a * d - b * c), prime - 2n);
    const x = modulo((right[0] * d - b * right[1]) * inverse);
    const y = modulo((a * right[1] - right[0] * c) * inverse);
    if ([x, y].some((block) => block < wide || block >= 2n * wide)) continue;
    ciphertext.set(toLittleEndian(x - wide), ciphertext.length - 32);
    ciphertext.set(toLittleEndian(y - wide), ciphertext.length - 16);
    return new Uint8Array([...ciphertext, ...toLittleEndian(tag)]);
  }
}

describe("attack 19: one ciphertext that opens under two keys", () => {
  before(sodiumReady);

  it("works on the bare cipher, which is why a body commits to its key", () => {
    const keys: [Uint8Array, Uint8Array] = [randomBytes(32), randomBytes(32)];
    const [nonce, ad] = [randomBytes(24), new TextEncoder().encode("associated data")];
    const ciphertext = ciphertextForTwoKeys(keys, nonce, ad, 256 + 16);
    const opened = keys.map((key) => xchacha20Poly1305.open(key, nonce, ad, ciphertext));
    expect(opened[0]).to.not.deep.equal(opened[1]);
  });

  it("fails on a body: it is refused under the second key before the cipher is asked", () => {
    const { place, keys, inner } = exampleMessage();
    const honest = sealBody(place, inner, keys.secretKey);
    const bodyKeys = [honest.bodyKey, randomBytes(32)] as const;
    const where = [place.conversation, place.id, place.sender].map(idToBytes);
    const cipherKeys = bodyKeys.map((key) => blake2b512(signedBytes("body-keys", ...where), key).subarray(0, 32));
    const nonce = honest.body.slice(33, 57);
    const ad = signedBytes("body", ...where);
    const ciphertext = ciphertextForTwoKeys(cipherKeys as [Uint8Array, Uint8Array], nonce, ad, 256 + 16);
    for (const key of cipherKeys) expect(xchacha20Poly1305.open(key, nonce, ad, ciphertext)).to.have.length(256);
    const body = new Uint8Array([...honest.body.slice(0, 57), ...ciphertext]);

    const asked = bodyKeys.map((bodyKey) => {
      const lib = sodium();
      const decrypt = lib.crypto_aead_xchacha20poly1305_ietf_decrypt;
      let calls = 0;
      const counting = (...parameters: Parameters<typeof decrypt>) => {
        calls += 1;
        return decrypt(...parameters);
      };
      lib.crypto_aead_xchacha20poly1305_ietf_decrypt = counting as typeof decrypt;
      try {
        expect(refusalOf(() => openBody(place, body, { bodyKey, deviceKey: keys.publicKey }))).to.match(
          /^undecryptable/,
        );
      } finally {
        lib.crypto_aead_xchacha20poly1305_ietf_decrypt = decrypt;
      }
      return calls;
    });
    expect(asked).to.deep.equal([1, 0]);
  });
});
