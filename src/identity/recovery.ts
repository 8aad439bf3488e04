import { idToBytes } from "../protocol/ids.ts";
import type { DeviceId, UserId } from "../protocol/ids.ts";
import { signedBytes } from "../protocol/signed-bytes.ts";
import { isSignatureValid } from "./signature.ts";

/**
 * A user's recovery key, as it is published: devices seal archive keys to it. `version` counts a user's statements from 1; a later one
 * voids those before. `publicKey`: X-Wing, 1216 bytes; null: there is none any more. `madeAt`: ms, for people to read.
 */
export interface RecoveryStatement {
  readonly user: UserId;
  readonly version: number;
  readonly publicKey: Uint8Array | null;
  readonly madeAt: number;
}

/** A vault as the server keeps it. `version`: of the recovery key that opens it; `revision` counts the vaults under that key from 1. */
export interface RecoveryVault {
  readonly user: UserId;
  readonly version: number;
  readonly revision: number;
  readonly sealed: Uint8Array;
}

/**
 * An archive key sealed to a recovery key. `generation`, `listVersion`: of the archive key; `by`: the device that signs;
 * `encapsulated` (1120 bytes), `sealed` (48): of HPKE.
 */
export interface RecoveryGrantFields {
  readonly user: UserId;
  readonly version: number;
  readonly generation: number;
  readonly listVersion: number;
  readonly by: DeviceId;
  readonly encapsulated: Uint8Array;
  readonly sealed: Uint8Array;
}

/** What the account key signs. */
export function recoveryStatementBytes({ user, version, publicKey, madeAt }: RecoveryStatement): Uint8Array {
  return signedBytes("recovery-key", user, version, publicKey ?? new Uint8Array(), madeAt);
}

/** What the account key signs, so that no device without it puts another vault in the place of the one that is kept. */
export function recoveryVaultBytes({ user, version, revision, sealed }: RecoveryVault): Uint8Array {
  return signedBytes("recovery-vault-kept", user, version, revision, sealed);
}

/** What the device key signs. */
export function recoveryGrantBytes(grant: RecoveryGrantFields): Uint8Array {
  const { user, version, generation, listVersion, by, encapsulated, sealed } = grant;
  return signedBytes("recovery-grant", user, version, generation, listVersion, idToBytes(by), encapsulated, sealed);
}

/** Whether the account key (32 bytes) signed exactly this. */
export function verifyRecoveryStatement(
  statement: RecoveryStatement,
  signature: Uint8Array,
  accountKey: Uint8Array,
): boolean {
  return isSignatureValid(signature, recoveryStatementBytes(statement), accountKey);
}

/** Whether the account key (32 bytes) signed exactly this. */
export function verifyRecoveryVault(vault: RecoveryVault, signature: Uint8Array, accountKey: Uint8Array): boolean {
  return isSignatureValid(signature, recoveryVaultBytes(vault), accountKey);
}

/** Whether the device key (32 bytes) signed exactly this. */
export function verifyRecoveryGrant(grant: RecoveryGrantFields, signature: Uint8Array, deviceKey: Uint8Array): boolean {
  return isSignatureValid(signature, recoveryGrantBytes(grant), deviceKey);
}
