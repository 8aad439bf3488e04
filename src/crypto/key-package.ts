import { generateKeyPackageWithKey, makeKeyPackageRef } from "ts-mls/keyPackage.js";
import type { KeyPackage, PrivateKeyPackage } from "ts-mls/keyPackage.js";
import { encodeMlsMessage } from "ts-mls/message.js";
import { encodeCredential } from "../identity/device-credential.ts";
import { keyPackageHash, lastResortExtension } from "../identity/key-package-inspection.ts";
import { decodeMlsStrictly } from "../identity/mls-decoding.ts";
import { ByteReader } from "../protocol/byte-reader.ts";
import { ByteWriter } from "../protocol/byte-writer.ts";
import { SottoError } from "../protocol/errors.ts";
import type { DeviceIdentity, KeyPackagePair } from "./group-engine.ts";
import { capabilities } from "./mls/configuration.ts";
import { suiteImplementation } from "./provider.ts";
import { publicKeyOf } from "./signing-key.ts";

const dayMs = 86_400_000;
/** A day of slack before, for clocks that run late; 90 days after. */
export const keyPackageLifetime = { beforeMs: dayMs, afterMs: 90 * dayMs } as const;

/** A fresh key package of this device. `now`: ms since 1970. */
export async function createKeyPackage(
  identity: DeviceIdentity,
  suite: number,
  options: { lastResort?: boolean; now?: number } = {},
): Promise<KeyPackagePair> {
  const { lastResort = false, now = Date.now() } = options;
  const implementation = await suiteImplementation(suite);
  const { publicPackage, privatePackage } = await generateKeyPackageWithKey(
    { credentialType: "basic", identity: encodeCredential(identity) },
    capabilities,
    { notBefore: seconds(now - keyPackageLifetime.beforeMs), notAfter: seconds(now + keyPackageLifetime.afterMs) },
    lastResort ? [{ extensionType: lastResortExtension, extensionData: new Uint8Array() }] : [],
    { publicKey: publicKeyOf(identity.deviceSecretKey), signKey: identity.deviceSecretKey },
    implementation,
  );
  const publicBytes = encodeMlsMessage({ version: "mls10", wireformat: "mls_key_package", keyPackage: publicPackage });
  const privateBytes = new ByteWriter()
    .u8(1)
    .opaque(privatePackage.initPrivateKey)
    .opaque(privatePackage.hpkePrivateKey)
    .finish();
  const reference = await makeKeyPackageRef(publicPackage, implementation.hash);
  return { hash: keyPackageHash(publicBytes), reference, suite, publicBytes, privateBytes, lastResort };
}

/** The key package in its encoded form. Throws `key-package-invalid`; checks nothing but the form. */
export function decodeKeyPackage(publicBytes: Uint8Array): KeyPackage {
  try {
    const message = decodeMlsStrictly(publicBytes);
    if (message.wireformat === "mls_key_package") return message.keyPackage;
  } catch (cause) {
    throw new SottoError("key-package-invalid", { cause });
  }
  throw new SottoError("key-package-invalid");
}

/** The private half; the signing key is the device's and is not in it. Throws MalformedBytes. */
export function decodePrivateKeyPackage(privateBytes: Uint8Array, deviceSecretKey: Uint8Array): PrivateKeyPackage {
  const reader = new ByteReader(privateBytes);
  reader.u8();
  const initPrivateKey = reader.opaque();
  const hpkePrivateKey = reader.opaque();
  reader.finish();
  return { initPrivateKey, hpkePrivateKey, signaturePrivateKey: deviceSecretKey };
}

function seconds(ms: number): bigint {
  return BigInt(Math.max(0, Math.floor(ms / 1000)));
}
