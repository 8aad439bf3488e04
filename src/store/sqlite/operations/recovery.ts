import type {
  PutRecoveryKey,
  PutVault,
  RecoveryGrantRow,
  RecoveryKeyRow,
  RecoveryStore,
} from "../../../actors/ports/store-recovery.ts";
import type { DeviceId, UserId } from "../../../protocol/ids.ts";
import { limits } from "../../../protocol/limits.ts";
import { blobOf, idOf, sameBytes } from "../../blobs.ts";
import type { StoreContext } from "../store-context.ts";

type Read<Name extends keyof RecoveryStore> = Awaited<ReturnType<RecoveryStore[Name]>>;

const columns = "version, public_key AS publicKey, made_at AS madeAt, signature, revision";

/** See `RecoveryStore.readRecoveryKey`. */
export function readRecoveryKey(context: StoreContext, user: UserId): Read<"readRecoveryKey"> {
  const row = findKey(context, user);
  const sql = `SELECT generation, by_device AS "by" FROM recovery_grants WHERE user = ? ORDER BY generation, by_device`;
  const granted = row ? context.db.all<{ generation: number; by: Uint8Array }>(sql, user) : [];
  return row && { ...row, granted: granted.map(({ generation, by }) => ({ generation, by: idOf<DeviceId>(by) })) };
}

/** See `RecoveryStore.putRecoveryKey`. */
export function putRecoveryKey(context: StoreContext, put: PutRecoveryKey): "stored" | "conflict" {
  const { user, after, version, publicKey, madeAt, signature, vault } = put;
  if ((findKey(context, user)?.version ?? 0) !== after || version <= after) return "conflict";
  if (!isAccountKey(context, put)) return "conflict";
  context.db.run("DELETE FROM recovery_grants WHERE user = ?", user);
  context.db.run(
    `INSERT OR REPLACE INTO recovery_keys (user, version, public_key, made_at, signature, revision, vault)
     VALUES (?, ?, ?, ?, ?, ?, ?)`,
    user,
    version,
    publicKey,
    madeAt,
    signature,
    vault ? 1 : 0,
    vault,
  );
  return "stored";
}

/** See `RecoveryStore.putVault`. */
export function putVault(context: StoreContext, put: PutVault): "stored" | "conflict" {
  const { user, version, revision, vault } = put;
  if (!isAccountKey(context, put)) return "conflict";
  const changed = context.db.run(
    `UPDATE recovery_keys SET revision = ?, vault = ?
     WHERE user = ? AND version = ? AND revision = ? AND public_key IS NOT NULL`,
    revision,
    vault,
    user,
    version,
    revision - 1,
  );
  return changed === 1 ? "stored" : "conflict";
}

/** See `RecoveryStore.putRecoveryGrants`. */
export function putRecoveryGrants(
  context: StoreContext,
  user: UserId,
  device: DeviceId,
  version: number,
  rows: readonly RecoveryGrantRow[],
): "stored" | "conflict" {
  const { db } = context;
  const isLive = "SELECT 1 AS live FROM devices WHERE device = ? AND user = ? AND revoked_at IS NULL";
  if (db.get(isLive, blobOf(device), user) === undefined) return "conflict";
  const key = findKey(context, user);
  if (!key?.publicKey || key.version !== version) return "conflict";
  for (const { generation, listVersion, by, encapsulated, sealed, signature } of rows) {
    db.run(
      `INSERT OR IGNORE INTO recovery_grants (user, generation, list_version, by_device, encapsulated, sealed, signature)
       VALUES (?, ?, ?, ?, ?, ?, ?)`,
      user,
      generation,
      listVersion,
      blobOf(by),
      encapsulated,
      sealed,
      signature,
    );
  }
  db.run(
    `DELETE FROM recovery_grants WHERE user = ?1 AND by_device = ?2 AND generation <=
       (SELECT generation FROM recovery_grants WHERE user = ?1 AND by_device = ?2 ORDER BY generation DESC LIMIT 1 OFFSET ?3)`,
    user,
    blobOf(device),
    limits.recoveryGrantsPerDevice,
  );
  return "stored";
}

/** See `RecoveryStore.fetchRecovery`. */
export function fetchRecovery(context: StoreContext, user: UserId): Read<"fetchRecovery"> {
  const { db } = context;
  const row = db.get<RecoveryKeyRow & { vault: Uint8Array | null }>(
    `SELECT ${columns}, vault FROM recovery_keys WHERE user = ?`,
    user,
  );
  if (!row?.publicKey || !row.vault) return undefined;
  const grants = db.all<Omit<RecoveryGrantRow, "by"> & { by: Uint8Array }>(
    `SELECT generation, list_version AS listVersion, by_device AS "by", encapsulated, sealed, signature FROM recovery_grants
     WHERE user = ? ORDER BY generation, by_device`,
    user,
  );
  const { publicKey, vault } = row;
  return {
    ...keyOf(row),
    publicKey,
    vault,
    grants: grants.map(({ by, ...grant }) => ({ ...grant, by: idOf<DeviceId>(by) })),
  };
}

/** What a device has given goes with it: the others give it anew, and what it made up is not kept. */
export function deleteRecoveryGrantsBy({ db }: Pick<StoreContext, "db">, user: UserId, device: Uint8Array): void {
  db.run("DELETE FROM recovery_grants WHERE user = ? AND by_device = ?", user, device);
}

/** What a reset takes with it: nobody is left who could open it for the user as it is now. */
export function deleteRecovery({ db }: Pick<StoreContext, "db">, user: UserId): void {
  db.run("DELETE FROM recovery_grants WHERE user = ?", user);
  db.run("DELETE FROM recovery_keys WHERE user = ?", user);
}

function findKey({ db }: StoreContext, user: UserId): RecoveryKeyRow | undefined {
  const row = db.get<RecoveryKeyRow>(`SELECT ${columns} FROM recovery_keys WHERE user = ?`, user);
  return row && keyOf(row);
}

const keyOf = ({ version, publicKey, madeAt, signature, revision }: RecoveryKeyRow): RecoveryKeyRow => ({
  version,
  publicKey,
  madeAt,
  signature,
  revision,
});

function isAccountKey({ db }: StoreContext, { user, accountKey }: { user: UserId; accountKey: Uint8Array }): boolean {
  const sql = "SELECT account_key AS accountKey FROM device_lists WHERE user = ?";
  const list = db.get<{ accountKey: Uint8Array }>(sql, user);
  return list !== undefined && sameBytes(list.accountKey, accountKey);
}
