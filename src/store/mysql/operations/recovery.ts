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
import type { MysqlContext } from "../mysql-context.ts";

type Read<Name extends keyof RecoveryStore> = ReturnType<RecoveryStore[Name]>;

const columns = "version, public_key AS publicKey, made_at AS madeAt, signature, revision";

/** See `RecoveryStore.readRecoveryKey`. */
export async function readRecoveryKey(context: MysqlContext, user: UserId): Read<"readRecoveryKey"> {
  const row = await findKey(context, user);
  const sql = "SELECT generation, by_device AS `by` FROM recovery_grants WHERE user = ? ORDER BY generation, by_device";
  const granted = row ? await context.db.all<{ generation: number; by: Uint8Array }>(sql, user) : [];
  return row && { ...row, granted: granted.map(({ generation, by }) => ({ generation, by: idOf<DeviceId>(by) })) };
}

/** See `RecoveryStore.putRecoveryKey`. */
export async function putRecoveryKey(context: MysqlContext, put: PutRecoveryKey): Promise<"stored" | "conflict"> {
  const { user, after, version, publicKey, madeAt, signature, vault } = put;
  if (!(await holdsAccountKey(context, put))) return "conflict";
  if (((await findKey(context, user))?.version ?? 0) !== after || version <= after) return "conflict";
  await context.db.run("DELETE FROM recovery_grants WHERE user = ?", user);
  await context.db.run(
    `REPLACE INTO recovery_keys (user, version, public_key, made_at, signature, revision, vault)
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
export async function putVault(context: MysqlContext, put: PutVault): Promise<"stored" | "conflict"> {
  const { user, version, revision, vault } = put;
  if (!(await holdsAccountKey(context, put))) return "conflict";
  const changed = await context.db.run(
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
export async function putRecoveryGrants(
  context: MysqlContext,
  user: UserId,
  device: DeviceId,
  version: number,
  rows: readonly RecoveryGrantRow[],
): Promise<"stored" | "conflict"> {
  const { db } = context;
  if (!(await holdList(context, user))) return "conflict";
  const isLive = "SELECT 1 AS live FROM devices WHERE device = ? AND user = ? AND revoked_at IS NULL";
  if ((await db.get(isLive, blobOf(device), user)) === undefined) return "conflict";
  const key = await findKey(context, user);
  if (!key?.publicKey || key.version !== version) return "conflict";
  for (const { generation, listVersion, by, encapsulated, sealed, signature } of rows) {
    await db.run(
      `INSERT IGNORE INTO recovery_grants (user, generation, list_version, by_device, encapsulated, sealed, signature)
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
  await dropOldest(db, user, blobOf(device));
  return "stored";
}

async function dropOldest(db: MysqlContext["db"], user: UserId, device: Uint8Array): Promise<void> {
  const oldest = await db.get<{ generation: number }>(
    "SELECT generation FROM recovery_grants WHERE user = ? AND by_device = ? ORDER BY generation DESC LIMIT 1 OFFSET ?",
    user,
    device,
    limits.recoveryGrantsPerDevice,
  );
  const sql = "DELETE FROM recovery_grants WHERE user = ? AND by_device = ? AND generation <= ?";
  if (oldest) await db.run(sql, user, device, oldest.generation);
}

/** See `RecoveryStore.fetchRecovery`. */
export async function fetchRecovery({ db }: MysqlContext, user: UserId): Read<"fetchRecovery"> {
  const row = await db.get<RecoveryKeyRow & { vault: Uint8Array | null }>(
    `SELECT ${columns}, vault FROM recovery_keys WHERE user = ?`,
    user,
  );
  if (!row?.publicKey || !row.vault) return undefined;
  const grants = await db.all<Omit<RecoveryGrantRow, "by"> & { by: Uint8Array }>(
    `SELECT generation, list_version AS listVersion, by_device AS \`by\`, encapsulated, sealed, signature FROM recovery_grants
     WHERE user = ? ORDER BY generation, by_device`,
    user,
  );
  const { publicKey, vault } = row;
  return { ...row, publicKey, vault, grants: grants.map(({ by, ...grant }) => ({ ...grant, by: idOf<DeviceId>(by) })) };
}

/** What a device has given goes with it: the others give it anew, and what it made up is not kept. */
export async function deleteRecoveryGrantsBy(
  { db }: Pick<MysqlContext, "db">,
  user: UserId,
  device: Uint8Array,
): Promise<void> {
  await db.run("DELETE FROM recovery_grants WHERE user = ? AND by_device = ?", user, device);
}

/** What a reset takes with it: nobody is left who could open it for the user as it is now. The list's row is held. */
export async function deleteRecovery({ db }: Pick<MysqlContext, "db">, user: UserId): Promise<void> {
  await db.run("DELETE FROM recovery_grants WHERE user = ?", user);
  await db.run("DELETE FROM recovery_keys WHERE user = ?", user);
}

function findKey({ db }: MysqlContext, user: UserId): Promise<RecoveryKeyRow | undefined> {
  return db.get<RecoveryKeyRow>(`SELECT ${columns} FROM recovery_keys WHERE user = ?`, user);
}

/** The row of the device list is held: whatever changes the recovery key, revokes a device or starts over comes before, or after. */
function holdList({ db }: MysqlContext, user: UserId): Promise<{ accountKey: Uint8Array } | undefined> {
  return db.get("SELECT account_key AS accountKey FROM device_lists WHERE user = ? FOR UPDATE", user);
}

async function holdsAccountKey(
  context: MysqlContext,
  { user, accountKey }: { user: UserId; accountKey: Uint8Array },
): Promise<boolean> {
  const list = await holdList(context, user);
  return list !== undefined && sameBytes(list.accountKey, accountKey);
}
