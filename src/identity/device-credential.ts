import { ByteReader } from "../protocol/byte-reader.ts";
import { ByteWriter } from "../protocol/byte-writer.ts";
import { SottoError } from "../protocol/errors.ts";
import { idToBytes } from "../protocol/ids.ts";
import type { DeviceId, UserId } from "../protocol/ids.ts";
import { limits } from "../protocol/limits.ts";
import { verifyCertificate } from "./device-certificate.ts";
import { equalBytes } from "../protocol/equal-bytes.ts";
import { readDevice, readUser, readVersion } from "./identity-fields.ts";

/** The identity of an MLS basic credential (RFC 9420 §5.3). `accountKey`: 32 bytes. */
export interface DeviceCredential {
  readonly user: UserId;
  readonly device: DeviceId;
  readonly accountKey: Uint8Array;
  readonly certificate: Uint8Array;
}

export function encodeCredential(credential: DeviceCredential): Uint8Array {
  if (credential.accountKey.length !== 32) throw new RangeError("key length");
  return new ByteWriter()
    .u8(1)
    .text(credential.user)
    .fixed(idToBytes(credential.device))
    .fixed(credential.accountKey)
    .opaque(credential.certificate)
    .finish();
}

/** Takes a credential apart without judging it. Throws MalformedBytes. */
export function decodeCredential(bytes: Uint8Array): DeviceCredential {
  const reader = new ByteReader(bytes);
  readVersion(reader);
  const user = readUser(reader);
  const device = readDevice(reader);
  const accountKey = reader.fixed(32);
  const certificate = reader.opaque(limits.certificateBytes);
  reader.finish();
  return { user, device, accountKey, certificate };
}

/**
 * Checks that the account key a credential names has certified this user, device and `leafSignatureKey` (32 bytes).
 * Whether that account key is the right one for the user is for pins and the registry. Throws `device-list-invalid`.
 */
export function verifyCredential(credential: DeviceCredential, leafSignatureKey: Uint8Array): void {
  const certificate = verifyCertificate(credential.certificate, credential.accountKey);
  const fits =
    certificate.user === credential.user &&
    certificate.device === credential.device &&
    equalBytes(certificate.deviceKey, leafSignatureKey) &&
    !equalBytes(credential.accountKey, leafSignatureKey);
  if (!fits) throw new SottoError("device-list-invalid", { detail: "The certificate is for another device or key." });
}
