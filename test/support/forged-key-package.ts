import { signKeyPackage } from "ts-mls/keyPackage.js";
import type { KeyPackage } from "ts-mls/keyPackage.js";
import { signLeafNodeKeyPackage } from "ts-mls/leafNode.js";
import type { LeafNodeKeyPackage } from "ts-mls/leafNode.js";
import { encodeMlsMessage } from "ts-mls/message.js";
import type { DeviceIdentity } from "../../src/crypto/group-engine.ts";
import { createKeyPackage, decodeKeyPackage } from "../../src/crypto/key-package.ts";
import { suiteImplementation } from "../../src/crypto/provider.ts";

/** A key package of this device with other contents, signed by it all the same. */
export async function forgeKeyPackage(
  identity: DeviceIdentity,
  suite: number,
  forgery: { leaf?: Partial<LeafNodeKeyPackage>; initKey?: Uint8Array },
): Promise<KeyPackage> {
  const { signature } = await suiteImplementation(suite);
  const honest = decodeKeyPackage((await createKeyPackage(identity, suite)).publicBytes);
  const { lifetime } = honest.leafNode as LeafNodeKeyPackage & { lifetime: { notBefore: bigint; notAfter: bigint } };
  const tbs = { ...honest.leafNode, ...forgery.leaf, lifetime, leafNodeSource: "key_package" as const };
  const leafNode = await signLeafNodeKeyPackage(tbs, identity.deviceSecretKey, signature);
  const initKey = forgery.initKey ?? honest.initKey;
  return signKeyPackage({ ...honest, initKey, leafNode }, identity.deviceSecretKey, signature);
}

/** A key package as devices publish it. */
export function publish(keyPackage: KeyPackage): Uint8Array {
  return encodeMlsMessage({ version: "mls10", wireformat: "mls_key_package", keyPackage });
}
