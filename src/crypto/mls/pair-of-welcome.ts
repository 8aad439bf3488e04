import { refhash } from "ts-mls/crypto/hash.js";
import { equalBytes } from "../../protocol/equal-bytes.ts";
import { decodeMlsStrictly } from "../../identity/mls-decoding.ts";
import type { KeyPackagePair } from "../group-engine.ts";
import { suiteImplementation } from "../provider.ts";
import { suiteCode } from "./suite-code.ts";

/** Of an MLSMessage: version and wire format (RFC 9420 §6); the key package stands behind. */
const headerBytes = 4;

/** The pair whose key package a Welcome names (RFC 9420 §12.4.3.1), if any. One look at the Welcome, whatever the number of pairs. Throws on what is none. */
export async function pairOfWelcome(
  welcomeBytes: Uint8Array,
  pairs: readonly KeyPackagePair[],
): Promise<KeyPackagePair | undefined> {
  const message = decodeMlsStrictly(welcomeBytes);
  if (message.wireformat !== "mls_welcome") return undefined;
  const { cipherSuite, secrets } = message.welcome;
  const suite = suiteCode(cipherSuite);
  const { hash } = await suiteImplementation(suite);
  for (const pair of pairs) {
    if (pair.suite !== suite) continue;
    const keyPackage = pair.publicBytes.subarray(headerBytes);
    const reference = await refhash("MLS 1.0 KeyPackage Reference", keyPackage, hash);
    if (secrets.some(({ newMember }) => equalBytes(newMember, reference))) return pair;
  }
  return undefined;
}
