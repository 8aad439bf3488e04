/** Finds what looks like cryptography of our own making, or from anywhere but libsodium. Used by the test of attack 26. */
import type { SourceFile } from "./source-files.ts";

interface Sign {
  readonly what: string;
  readonly pattern: RegExp;
  /** Files in which it is allowed. */
  readonly except?: RegExp;
}

/** Where the secrets are handled; nothing but libsodium computes there. */
const clientSide = /^src\/(client|crypto|identity|protocol|web)\//;
const nodeOnly = /^src\/client\/(node\.ts|stores\/(file-store|node-))/;

const signs: Sign[] = [
  {
    what: "a cryptographic package beside libsodium",
    pattern:
      /["'](@noble|@hpke|@stablelib|@peculiar|crypto-js|node-forge|sjcl|tweetnacl|elliptic|aes-js|js-sha\w*|hash\.js|bcryptjs|openpgp|jsrsasign|asmcrypto\.js|micro-aes-gcm)[/"']/,
  },
  {
    what: "ciphers, signatures or key agreement from node:crypto",
    pattern:
      /\b(create(Cipheriv|Decipheriv|Sign|Verify|DiffieHellman|ECDH)|publicEncrypt|privateDecrypt|generateKeyPair(Sync)?\(["']|diffieHellman)\b/,
  },
  {
    what: "Web Crypto's primitives",
    pattern: /\bcrypto\??\.subtle\b|\bsubtle\??\.(encrypt|decrypt|sign|digest|derive\w+)\b/,
  },
  {
    what: "names of a cipher's inner steps",
    pattern:
      /\b(quarter_?round|double_?round|s_?box|inv_?s_?box|sub_?bytes|shift_?rows|mix_?columns|add_?round_?key|key_?expansion|feistel\w*|salsa20\w*block|chacha20?_?block|poly1305_?block\w*|montgomery_?ladder|xor_?cipher|rotl(32|64)?|rotr(32|64)?|rotate_?(left|right))\b/i,
  },
  {
    what: "constants of AES, DES, SHA-1, SHA-2, MD5, Keccak, Blowfish, ChaCha or Curve25519",
    pattern:
      /0x63,\s*0x7c,\s*0x77,\s*0x7b|\b99,\s*124,\s*119,\s*123\b|428a2f98|6a09e667|bb67ae85|67452301|d76aa478|5a827999|243f6a88|80000000_?8000808[0-9a-f]|0x8082n?\b|61707865|3320646e|1634760805|expand (32|16)-byte k|121665|121666|14def9dea2f79cd6|27742317777372353535851937790883648493|0x0ffffffc|2n\s*\*\*\s*255n|1n\s*<<\s*255n/i,
  },
  { what: "a word rotated by hand", pattern: /<<\s*[\w(][^;|,\n]{0,20}\)?\s*\|\s*\(?\s*[^;|,\n]{1,40}>>>/ },
  { what: "a word rotated by hand", pattern: />>>\s*[\w(][^;|,\n]{0,20}\)?\s*\|\s*\(?\s*[^;|,\n]{1,40}<</ },
  { what: "a table of numbers", pattern: /\[\s*(?:(?:0x[0-9a-f_]+|\d[\d_]*)n?\s*,\s*){31,}/i },
  { what: "a table packed in a string", pattern: /["'`](?:[0-9a-f]{256,}|[A-Za-z0-9+/]{256,}={0,2})["'`]/i },
  { what: "bytes mixed with a key stream by hand", pattern: /\^=?\s*\w*(key|pad|stream|mask)\w*(\.\w+)?\[/i },
];

const clientSideSigns: Sign[] = [
  {
    what: "node:crypto where only libsodium computes",
    pattern: /\b(from|import|require)\s*\(?\s*["'](node:)?crypto["']/,
    except: nodeOnly,
  },
  { what: "hashing outside libsodium", pattern: /\bcreate(Hash|Hmac)\b|\b(scrypt|pbkdf2|hkdf)(Sync)?\(/ },
];

/** What was found in a file: one line for each suspicion, with the file's path. */
export function findHandWrittenCiphers({ path, code }: SourceFile): string[] {
  const applicable = clientSide.test(path) ? [...signs, ...clientSideSigns] : signs;
  return applicable
    .filter(({ pattern, except }) => !except?.test(path) && pattern.test(code))
    .map(({ what }) => `${path}: ${what}`);
}
