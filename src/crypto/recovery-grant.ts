/**
 * An archive key on its way to whoever has the words of the recovery key: sealed to its public half, and signed by the device that hands
 * it over, so that the server cannot plant one of its own.
 */
import { verifyRecoveryGrant, recoveryGrantBytes, type RecoveryGrantFields } from "../identity/recovery.ts";
import { SottoError } from "../protocol/errors.ts";
import type { DeviceId, UserId } from "../protocol/ids.ts";
import { signedBytes } from "../protocol/signed-bytes.ts";
import { grantSuite } from "./archive-grant.ts";
import type { ArchiveKey } from "./archive.ts";
import { suiteImplementation } from "./provider.ts";
import { sign } from "./signing-key.ts";

/** `signature`: 64 bytes, by the key of the device `by`. */
export type RecoveryGrant = Omit<RecoveryGrantFields, "user" | "version"> & { readonly signature: Uint8Array };

/** Whose recovery key, and the how manieth. */
export interface RecoveryPlace {
  readonly user: UserId;
  readonly version: number;
}

/** `publicKey`: of the recovery key, X-Wing; the caller has checked whose it is. `by`: the device of this secret key (64 bytes). */
export async function grantToRecoveryKey(
  by: { device: DeviceId; deviceSecretKey: Uint8Array },
  { user, version }: RecoveryPlace,
  publicKey: Uint8Array,
  { generation, listVersion, key }: ArchiveKey,
): Promise<RecoveryGrant> {
  const { hpke } = await suiteImplementation(grantSuite);
  const imported = await hpke.importPublicKey(publicKey);
  const info = placeBytes({ user, version }, { generation, listVersion });
  const { enc: encapsulated, ct: sealed } = await hpke.seal(imported, key, info);
  const grant = { generation, listVersion, by: by.device, encapsulated, sealed };
  return { ...grant, signature: sign(by.deviceSecretKey, recoveryGrantBytes({ user, version, ...grant })) };
}

/**
 * `secretKey`: X-Wing, 32 bytes. `deviceKey`: of the device `by`, as the user's list has it. Throws `undecryptable` for what that device
 * has not signed for this recovery key, or is not sealed to it.
 */
export async function openRecoveryGrant(
  secretKey: Uint8Array,
  place: RecoveryPlace,
  deviceKey: Uint8Array,
  grant: RecoveryGrant,
): Promise<ArchiveKey> {
  const { generation, listVersion, encapsulated, sealed, signature } = grant;
  if (!verifyRecoveryGrant({ ...place, ...grant }, signature, deviceKey)) throw new SottoError("undecryptable");
  try {
    const { hpke } = await suiteImplementation(grantSuite);
    const imported = await hpke.importPrivateKey(secretKey);
    const key = await hpke.open(imported, encapsulated, sealed, placeBytes(place, grant));
    if (key.length === 32) return { generation, listVersion, key };
  } catch (cause) {
    throw new SottoError("undecryptable", { cause });
  }
  throw new SottoError("undecryptable");
}

const placeBytes = (
  { user, version }: RecoveryPlace,
  { generation, listVersion }: Pick<ArchiveKey, "generation" | "listVersion">,
): Uint8Array => signedBytes("recovery-archive-key", user, version, generation, listVersion);
