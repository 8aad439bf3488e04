import { ciphersuites } from "ts-mls/crypto/ciphersuite.js";
import type { CiphersuiteName } from "ts-mls/crypto/ciphersuite.js";

/** The code point of a suite by the engine's name for it. */
export function suiteCode(name: CiphersuiteName): number {
  return ciphersuites[name];
}
