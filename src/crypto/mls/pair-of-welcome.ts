import { equalBytes } from "../../protocol/equal-bytes.ts";
import { decodeMlsStrictly } from "../../identity/mls-decoding.ts";
import type { KeyPackagePair } from "../group-engine.ts";
import { suiteCode } from "./suite-code.ts";

/** The pair whose key package a Welcome names (RFC 9420 §12.4.3.1), if any. One look at the Welcome, whatever the number of pairs. Throws on what is none. */
export function pairOfWelcome(welcomeBytes: Uint8Array, pairs: readonly KeyPackagePair[]): KeyPackagePair | undefined {
  const message = decodeMlsStrictly(welcomeBytes);
  if (message.wireformat !== "mls_welcome") return undefined;
  const { cipherSuite, secrets } = message.welcome;
  const suite = suiteCode(cipherSuite);
  return pairs.find(
    (pair) => pair.suite === suite && secrets.some(({ newMember }) => equalBytes(newMember, pair.reference)),
  );
}
