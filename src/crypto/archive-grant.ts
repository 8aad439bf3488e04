/**
 * An archive key on its way to one device: sealed to a key package of that device, so that it opens once and nowhere else, and signed by
 * the account key, or by a device that has none, so that the server cannot plant one of its own.
 */
import { signedBytes } from "../protocol/signed-bytes.ts";
import { idToBytes, type DeviceId, type UserId } from "../protocol/ids.ts";
import { keyPackageHash } from "../identity/key-package-inspection.ts";
import { isSignatureValid } from "../identity/signature.ts";
import { SottoError } from "../protocol/errors.ts";
import { suites } from "../protocol/limits.ts";
import type { ArchiveKey } from "./archive.ts";
import type { DeviceIdentity, KeyPackagePair } from "./group-engine.ts";
import { decodeKeyPackage, decodePrivateKeyPackage } from "./key-package.ts";
import { suiteImplementation } from "./provider.ts";
import { sign } from "./signing-key.ts";

/** The suite of the key packages that archive keys are sealed to. */
export const grantSuite = suites.default;

/** `keyPackage`: its hash, 32 bytes; `encapsulated`, `sealed`: of HPKE; `signature`: 64 bytes, by the account key, or by the device `by`. */
export interface ArchiveGrant {
  readonly device: DeviceId;
  readonly generation: number;
  readonly listVersion: number;
  readonly by?: DeviceId;
  readonly keyPackage: Uint8Array;
  readonly encapsulated: Uint8Array;
  readonly sealed: Uint8Array;
  readonly signature: Uint8Array;
}

/** Who signs: the account key (64 bytes), or a linked device with its own (64 bytes). */
export type GrantSigner = { secretKey: Uint8Array; by?: DeviceId };

/** `keyPackage`: encoded, of that device; the caller has checked whose it is. */
export async function grantArchiveKey(
  { secretKey, by }: GrantSigner,
  { user, device }: { user: UserId; device: DeviceId },
  keyPackage: Uint8Array,
  { generation, listVersion, key }: ArchiveKey,
): Promise<ArchiveGrant> {
  const { hpke } = await suiteImplementation(grantSuite);
  const publicKey = await hpke.importPublicKey(decodeKeyPackage(keyPackage).initKey);
  const place = { user, device, generation, listVersion, keyPackage: keyPackageHash(keyPackage) };
  const { enc: encapsulated, ct: sealed } = await hpke.seal(publicKey, key, placeBytes(place));
  const signature = sign(secretKey, grantBytes({ ...place, encapsulated, sealed }));
  const { keyPackage: hash } = place;
  return { device, generation, listVersion, ...(by && { by }), keyPackage: hash, encapsulated, sealed, signature };
}

/** `signerKey`: the key of who is to have signed, 32 bytes. Throws `undecryptable` for what that one has not signed for this device, or is not sealed to this pair. */
export async function openArchiveGrant(
  { user, device, deviceSecretKey }: Pick<DeviceIdentity, "user" | "device" | "deviceSecretKey">,
  signerKey: Uint8Array,
  pair: KeyPackagePair,
  grant: ArchiveGrant,
): Promise<ArchiveKey> {
  const { generation, listVersion, keyPackage, encapsulated, sealed } = grant;
  const place = { user, device, generation, listVersion, keyPackage };
  const bytes = grantBytes({ ...place, encapsulated, sealed });
  if (!isSignatureValid(grant.signature, bytes, signerKey)) throw new SottoError("undecryptable");
  try {
    const { hpke } = await suiteImplementation(grantSuite);
    const { initPrivateKey } = decodePrivateKeyPackage(pair.privateBytes, deviceSecretKey);
    const privateKey = await hpke.importPrivateKey(initPrivateKey);
    const key = await hpke.open(privateKey, encapsulated, sealed, placeBytes(place));
    if (key.length === 32) return { generation, listVersion, key };
  } catch (cause) {
    throw new SottoError("undecryptable", { cause });
  }
  throw new SottoError("undecryptable");
}

interface GrantPlace {
  user: UserId;
  device: DeviceId;
  generation: number;
  listVersion: number;
  keyPackage: Uint8Array;
}

const placeBytes = ({ user, device, generation, listVersion, keyPackage }: GrantPlace): Uint8Array =>
  signedBytes("archive-key", user, idToBytes(device), generation, listVersion, keyPackage);

const grantBytes = (grant: GrantPlace & Pick<ArchiveGrant, "encapsulated" | "sealed">): Uint8Array =>
  signedBytes("archive-grant", placeBytes(grant), grant.encapsulated, grant.sealed);
