/**
 * Public keys only: who a device belongs to, and what can be checked of the objects that name one. Runs in browsers and
 * on nodes. Owns certificates, device lists, credentials, the bytes of what devices sign, and the public checks of
 * handshakes; never holds a secret key, never seals, never stores. Invariant: whatever fails a check throws a SottoError.
 */
import { ByteReader } from "../protocol/byte-reader.ts";
import { ByteWriter } from "../protocol/byte-writer.ts";
import { SottoError } from "../protocol/errors.ts";
import { idToBytes } from "../protocol/ids.ts";
import type { DeviceId, UserId } from "../protocol/ids.ts";
import { limits } from "../protocol/limits.ts";
import { signedBytes } from "../protocol/signed-bytes.ts";
import { readDevice, readUser, readVersion } from "./identity-fields.ts";
import { isSignatureValid } from "./signature.ts";

/** "This device is mine", by an account. `deviceKey`: 32 bytes. `listVersion`: of the list entry that adds the device. */
export interface DeviceCertificate {
  readonly user: UserId;
  readonly device: DeviceId;
  readonly deviceKey: Uint8Array;
  readonly listVersion: number;
}

/** What the account key signs. */
export function certificateSignedBytes(certificate: DeviceCertificate): Uint8Array {
  const { user, device, deviceKey, listVersion } = certificate;
  return signedBytes("certificate", user, idToBytes(device), deviceKey, listVersion);
}

/** The certificate with its signature (64 bytes, by the account key). */
export function encodeCertificate(certificate: DeviceCertificate, signature: Uint8Array): Uint8Array {
  if (certificate.deviceKey.length !== 32 || signature.length !== 64) throw new RangeError("key or signature length");
  return new ByteWriter()
    .u8(1)
    .text(certificate.user)
    .fixed(idToBytes(certificate.device))
    .fixed(certificate.deviceKey)
    .u64(certificate.listVersion)
    .fixed(signature)
    .finish();
}

/** Takes a certificate apart without judging its signature. Throws MalformedBytes. */
export function decodeCertificate(bytes: Uint8Array): { certificate: DeviceCertificate; signature: Uint8Array } {
  const reader = new ByteReader(bytes.length > limits.certificateBytes ? new Uint8Array() : bytes);
  readVersion(reader);
  const user = readUser(reader);
  const device = readDevice(reader);
  const deviceKey = reader.fixed(32);
  const listVersion = reader.u64();
  const signature = reader.fixed(64);
  reader.finish();
  return { certificate: { user, device, deviceKey, listVersion }, signature };
}

/** The certificate in `bytes`, if `accountKey` (32 bytes) signed it. Throws SottoError `device-list-invalid`. */
export function verifyCertificate(bytes: Uint8Array, accountKey: Uint8Array): DeviceCertificate {
  const { certificate, signature } = decodeOrRefuse(bytes);
  if (!isSignatureValid(signature, certificateSignedBytes(certificate), accountKey)) {
    throw new SottoError("device-list-invalid", { detail: "The certificate is not signed by this account key." });
  }
  return certificate;
}

function decodeOrRefuse(bytes: Uint8Array): ReturnType<typeof decodeCertificate> {
  try {
    return decodeCertificate(bytes);
  } catch (cause) {
    throw new SottoError("device-list-invalid", { detail: "The certificate is malformed.", cause });
  }
}
