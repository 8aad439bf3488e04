import type { KeyPackage } from "ts-mls/keyPackage.js";
import { verifyKeyPackage } from "ts-mls/keyPackage.js";
import type { LeafNode } from "ts-mls/leafNode.js";
import { verifyLeafNodeSignatureKeyPackage } from "ts-mls/leafNode.js";
import { SottoError } from "../protocol/errors.ts";
import { limits, suites } from "../protocol/limits.ts";
import { signedBytes } from "../protocol/signed-bytes.ts";
import type { DeviceCredential } from "./device-credential.ts";
import { decodeCredential, verifyCredential } from "./device-credential.ts";
import { equalBytes } from "../protocol/equal-bytes.ts";
import { groupPolicyExtension } from "./group-policy.ts";
import { decodeMlsStrictly } from "./mls-decoding.ts";
import { isSignatureValid } from "./signature.ts";
import { sodium, sodiumReady } from "./sodium.ts";

/** The key package extension that marks a last resort (draft-ietf-mls-extensions §5.3); it has no content. */
export const lastResortExtension = 0x000a;

const suiteOfName: Record<string, number> = {
  MLS_256_XWING_CHACHA20POLY1305_SHA512_Ed25519: suites.default,
  MLS_128_DHKEMX25519_CHACHA20POLY1305_SHA256_Ed25519: suites.large,
};
const kemKeyBytes: Record<number, number> = { [suites.default]: 1216, [suites.large]: 32 };

/** What can be known of a key package without keys. `deviceKey`, `hash`: 32 bytes; `notBefore`, `notAfter`: ms since 1970. */
export interface InspectedKeyPackage {
  readonly suite: number;
  readonly credential: DeviceCredential;
  readonly deviceKey: Uint8Array;
  readonly lastResort: boolean;
  readonly notBefore: number;
  readonly notAfter: number;
  readonly hash: Uint8Array;
}

/** BLAKE2b-256 of an encoded key package: its name between device and node. */
export function keyPackageHash(bytes: Uint8Array): Uint8Array {
  return sodium().crypto_generichash(32, signedBytes("key-package-hash", bytes), null);
}

/**
 * Takes a key package (an MLSMessage) apart and checks everything but its lifetime and whose account key it is:
 * signatures, certificate, sizes, and that it promises nothing that we do not use. Throws `key-package-invalid`.
 */
export async function inspectKeyPackage(bytes: Uint8Array): Promise<InspectedKeyPackage> {
  await sodiumReady();
  try {
    if (bytes.length > limits.keyPackageBytes) throw new RangeError("too long");
    const message = decodeMlsStrictly(bytes);
    if (message.wireformat !== "mls_key_package") throw new TypeError("not a key package");
    return { ...(await inspectDecodedKeyPackage(message.keyPackage)), hash: keyPackageHash(bytes) };
  } catch (cause) {
    throw new SottoError("key-package-invalid", { cause });
  }
}

/** The same for a key package inside an Add; throws whatever the first fault throws. */
export async function inspectDecodedKeyPackage(keyPackage: KeyPackage): Promise<Omit<InspectedKeyPackage, "hash">> {
  const suite = suiteOfName[keyPackage.cipherSuite];
  if (suite === undefined) throw new TypeError("not a suite of ours");
  const { leafNode, initKey } = keyPackage;
  if (leafNode.leafNodeSource !== "key_package") throw new TypeError("not a new leaf");
  if (initKey.length !== kemKeyBytes[suite] || leafNode.hpkePublicKey.length !== kemKeyBytes[suite]) {
    throw new RangeError("KEM key length");
  }
  if (equalBytes(initKey, leafNode.hpkePublicKey)) throw new TypeError("one key for two purposes");
  const credential = inspectLeaf(leafNode);
  if (!leafNode.capabilities.extensions.includes(groupPolicyExtension)) throw new TypeError("no groups");
  if (!(await verifyLeafNodeSignatureKeyPackage(leafNode, publicSignature))) throw new TypeError("leaf signature");
  if (!(await verifyKeyPackage(keyPackage, publicSignature))) throw new TypeError("key package signature");
  return {
    suite,
    credential,
    deviceKey: leafNode.signaturePublicKey.slice(),
    lastResort: isLastResort(keyPackage),
    notBefore: Number(leafNode.lifetime.notBefore) * 1000,
    notAfter: Number(leafNode.lifetime.notAfter) * 1000,
  };
}

/** The credential of a leaf, checked against the leaf's key. Throws on any other kind of credential or on extensions. */
export function inspectLeaf(leaf: LeafNode): DeviceCredential {
  if (leaf.credential.credentialType !== "basic") throw new TypeError("not a basic credential");
  if (leaf.extensions.length > 0) throw new TypeError("a leaf has no extensions");
  const { versions, credentials } = leaf.capabilities;
  if (!versions.includes("mls10") || !credentials.includes("basic")) throw new TypeError("capabilities");
  const credential = decodeCredential(leaf.credential.identity);
  verifyCredential(credential, leaf.signaturePublicKey);
  return credential;
}

function isLastResort(keyPackage: KeyPackage): boolean {
  const [extension, ...others] = keyPackage.extensions;
  if (!extension) return false;
  const isMark = extension.extensionType === lastResortExtension && extension.extensionData.length === 0;
  if (!isMark || others.length > 0) throw new TypeError("unknown key package extension");
  return true;
}

/** The engine's signature interface for those who hold no secret key. */
const publicSignature = {
  verify: async (publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array) =>
    isSignatureValid(signature, message, publicKey),
  sign: refuseToSign,
  keygen: refuseToSign,
};

async function refuseToSign(): Promise<never> {
  throw new TypeError("identity/ holds no secret keys");
}
