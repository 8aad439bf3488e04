import type { DeviceId, UserId } from "../../protocol/ids.ts";

/**
 * A user's latest signed word on its recovery key. `publicKey`: X-Wing, 1216 bytes; null where there is none any more. `signature`: by the
 * account key. `revision`: of the vault, from 1; 0 where there is none.
 */
export interface RecoveryKeyRow {
  version: number;
  publicKey: Uint8Array | null;
  madeAt: number;
  signature: Uint8Array;
  revision: number;
}

/** An archive key sealed to the recovery key; see `RecoveryGrantFields` in `identity/`. `signature`: by the device `by`, checked. */
export interface RecoveryGrantRow {
  generation: number;
  listVersion: number;
  by: DeviceId;
  encapsulated: Uint8Array;
  sealed: Uint8Array;
  signature: Uint8Array;
}

/** That a device has handed over an archive key. */
export type GrantedGeneration = Pick<RecoveryGrantRow, "generation" | "by">;

/** `after`: the version that it takes the place of, 0 for none. `accountKey`: under which the signature was checked, 32 bytes. */
export interface PutRecoveryKey extends Omit<RecoveryKeyRow, "revision"> {
  user: UserId;
  accountKey: Uint8Array;
  after: number;
  /** The first vault; null with `publicKey`. */
  vault: Uint8Array | null;
}

/** `version`: of the recovery key that opens it. `accountKey`: as above. */
export interface PutVault {
  user: UserId;
  accountKey: Uint8Array;
  version: number;
  revision: number;
  vault: Uint8Array;
}

/** Recovery keys: one row per user, and what is sealed to it. A user's reset takes both. */
export interface RecoveryStore {
  /** Undefined where there never was one. `granted`: of which archive keys there are some, by generation and device. */
  readRecoveryKey(user: UserId): Promise<(RecoveryKeyRow & { granted: GrantedGeneration[] }) | undefined>;
  /**
   * Compare-and-set on `after` and on the account key. What was kept for the key before goes. `conflict` leaves everything as it was.
   */
  putRecoveryKey(put: PutRecoveryKey): Promise<"stored" | "conflict">;
  /** Compare-and-set on version, revision − 1 and the account key, in the place of the vault before. */
  putVault(put: PutVault): Promise<"stored" | "conflict">;
  /**
   * Keeps archive keys for the recovery key of this version, beside those of other devices; what this one has given of a generation
   * stays as it is, and the newest `limits.recoveryGrantsPerDevice` of it are kept. Those that a device gave go when it is revoked. `conflict`, and none is kept, where another recovery key counts, or the device is no live one.
   */
  putRecoveryGrants(
    user: UserId,
    device: DeviceId,
    version: number,
    rows: readonly RecoveryGrantRow[],
  ): Promise<"stored" | "conflict">;
  /** All that is kept for whoever has the words; undefined where there is no recovery key, or none any more. */
  fetchRecovery(
    user: UserId,
  ): Promise<(RecoveryKeyRow & { publicKey: Uint8Array; vault: Uint8Array; grants: RecoveryGrantRow[] }) | undefined>;
}
