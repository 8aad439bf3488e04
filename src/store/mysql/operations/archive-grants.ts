import type { ArchiveGrantRow } from "../../../actors/ports/store-history.ts";
import type { DeviceId, UserId } from "../../../protocol/ids.ts";
import { blobOf, idOf } from "../../blobs.ts";
import type { MysqlContext } from "../mysql-context.ts";

/** See `HistoryStore.putArchiveGrants`. The devices' rows are held: a revocation comes before, and is seen, or after, and takes what was put. */
export async function putArchiveGrants(
  { db, now }: MysqlContext,
  user: UserId,
  rows: readonly ArchiveGrantRow[],
): Promise<boolean> {
  const live =
    "SELECT device FROM devices WHERE device IN (?) AND user = ? AND revoked_at IS NULL ORDER BY device FOR UPDATE";
  const devices = [...new Set(rows.map(({ device }) => device))];
  const found = await db.all(live, devices.map(blobOf), user);
  if (found.length < devices.length) return false;
  for (const { device, generation, listVersion, by, keyPackage, encapsulated, sealed, signature } of rows) {
    await db.run(
      `REPLACE INTO archive_grants (device, generation, list_version, key_package, encapsulated, sealed, signature, at, by_device)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      blobOf(device),
      generation,
      listVersion,
      keyPackage,
      encapsulated,
      sealed,
      signature,
      now,
      by ? blobOf(by) : null,
    );
  }
  return true;
}

/** See `HistoryStore.readArchiveGrants`. */
export async function readArchiveGrants({ db }: MysqlContext, device: DeviceId): Promise<ArchiveGrantRow[]> {
  const rows = await db.all<Omit<ArchiveGrantRow, "device" | "by"> & { by: Uint8Array | null }>(
    `SELECT generation, list_version AS listVersion, key_package AS keyPackage, encapsulated, sealed, signature,
       by_device AS \`by\` FROM archive_grants
     WHERE device = ? ORDER BY generation`,
    blobOf(device),
  );
  return rows.map(({ by, ...row }) => ({ device, ...row, ...(by && { by: idOf<DeviceId>(by) }) }));
}

/** What a revocation takes with it. */
export async function deleteArchiveGrants({ db }: Pick<MysqlContext, "db">, device: Uint8Array): Promise<void> {
  await db.run("DELETE FROM archive_grants WHERE device = ?", device);
}
