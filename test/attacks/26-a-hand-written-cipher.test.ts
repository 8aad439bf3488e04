import { expect } from "chai";
import { findHandWrittenCiphers } from "./hand-written-cipher.ts";
import { sourceFiles, withoutComments } from "./source-files.ts";

const planted: Record<string, string> = {
  "an AES S-box in hex": "const box = [0x63, 0x7c, 0x77, 0x7b, 0xf2];",
  "an AES S-box in decimal": "const box = Uint8Array.of(99, 124, 119, 123, 242);",
  "any long table": `const table = [${Array.from({ length: 64 }, (_, index) => index * 7).join(", ")}];`,
  "a table in a string": `const table = "${"0f".repeat(200)}";`,
  "a ChaCha quarter round": "function quarterRound(s: Uint32Array) { s[0] += s[1]; }",
  "a rotation": "x = (x << 16) | (x >>> 16);",
  "a rotation by a variable": "return (value >>> bits) | (value << (32 - bits));",
  "a rotation's name": "a = rotl(a, 7);",
  "ChaCha's constants": 'const sigma = "expand 32-byte k";',
  "SHA-256's constants": "const first = 0x428a2f98;",
  "Curve25519's arithmetic": "const p = 2n ** 255n - 19n;",
  "the clamp of Poly1305": "const r = key & 0x0ffffffcn;",
  "a key stream mixed in": "out[i] = bytes[i] ^ keyStream[i];",
  "a key stream mixed in place": "out[i] ^= key[i % key.length];",
  "node:crypto's hash": 'import { createHash } from "node:crypto";',
  "node:crypto's cipher": 'import { createCipheriv } from "crypto";',
  "node:crypto as a whole": 'import crypto from "node:crypto";',
  "node:crypto's dynamic import": 'const { createSign } = await import("node:crypto");',
  "Web Crypto": 'await globalThis.crypto.subtle.digest("SHA-256", bytes);',
  "@noble": 'import { sha256 } from "@noble/hashes/sha2.js";',
  "@hpke": 'import { CipherSuite } from "@hpke/core";',
  "crypto-js": 'import AES from "crypto-js";',
};

describe("attack 26: a hand-written cipher in the tree", () => {
  it("is not there: all of the product's source is free of one", () => {
    const files = sourceFiles();
    expect(files.some(({ path }) => path.startsWith("src/crypto/"))).to.equal(true);
    expect(files.flatMap(findHandWrittenCiphers)).to.deep.equal([]);
  });

  for (const [name, code] of Object.entries(planted)) {
    it(`would be found: ${name}`, () => {
      expect(findHandWrittenCiphers({ path: "src/crypto/planted.ts", code })).to.not.deep.equal([]);
    });
  }

  it("would be found in the server's folders too, but for hashes that the platform computes", () => {
    const found = (code: string) => findHandWrittenCiphers({ path: "src/gateway/planted.ts", code }).length > 0;
    expect(found('import { createCipheriv } from "node:crypto";')).to.equal(true);
    expect(found("x = (x << 16) | (x >>> 16);")).to.equal(true);
    expect(found('import { createHash, randomUUID } from "node:crypto";')).to.equal(false);
  });

  it("is not seen in what is harmless: reading integers, libsodium's names, comments", () => {
    const harmless = `
      // SHA-256 begins with 0x428a2f98, and a quarterRound rotates.
      const value = (high << 8) | low;
      const bytes = [1, 2, 3, 4];
      const tag = sodium().crypto_generichash(32, bytes, key);
      const url = "https://example.org/";
      const zero = (1n << 64n) - 1n;
    `;
    expect(findHandWrittenCiphers({ path: "src/crypto/harmless.ts", code: withoutComments(harmless) })).to.deep.equal(
      [],
    );
  });
});
