import type { ArchiveGrantRow } from "../../../actors/ports/store-history.ts";
import type { DeviceId, UserId } from "../../../protocol/ids.ts";
import { limits } from "../../../protocol/limits.ts";
import { blobOf, idOf } from "../../blobs.ts";
import type { StoreContext } from "../store-context.ts";

/** See `HistoryStore.putArchiveGrants`. */
export function putArchiveGrants(
  { db, now }: StoreContext,
  user: UserId,
  giver: DeviceId,
  rows: readonly ArchiveGrantRow[],
): boolean {
  const isLive = "SELECT 1 AS live FROM devices WHERE device = ? AND user = ? AND revoked_at IS NULL";
  if (!rows.every(({ device }) => db.get(isLive, blobOf(device), user) !== undefined)) return false;
  for (const { device, generation, listVersion, by, keyPackage, encapsulated, sealed, signature } of rows) {
    db.run(
      `INSERT OR REPLACE INTO archive_grants (device, generation, given_by, list_version, key_package, encapsulated, sealed, signature, at, by_device)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      blobOf(device),
      generation,
      blobOf(giver),
      listVersion,
      keyPackage,
      encapsulated,
      sealed,
      signature,
      now,
      by ? blobOf(by) : null,
    );
    db.run(
      `DELETE FROM archive_grants WHERE device = ?1 AND given_by = ?2 AND generation <=
         (SELECT generation FROM archive_grants WHERE device = ?1 AND given_by = ?2 ORDER BY generation DESC LIMIT 1 OFFSET ?3)`,
      blobOf(device),
      blobOf(giver),
      limits.archiveGrantsPerGiver,
    );
  }
  return true;
}

/** See `HistoryStore.readArchiveGrants`. */
export function readArchiveGrants({ db }: StoreContext, device: DeviceId): ArchiveGrantRow[] {
  const rows = db.all<Omit<ArchiveGrantRow, "device" | "by"> & { by: Uint8Array | null }>(
    `SELECT generation, list_version AS listVersion, key_package AS keyPackage, encapsulated, sealed, signature,
       by_device AS "by" FROM archive_grants
     WHERE device = ? ORDER BY generation, given_by`,
    blobOf(device),
  );
  return rows.map(({ by, ...row }) => ({ device, ...row, ...(by && { by: idOf<DeviceId>(by) }) }));
}

/** What a revocation takes with it. */
export function deleteArchiveGrants({ db }: Pick<StoreContext, "db">, device: Uint8Array): void {
  db.run("DELETE FROM archive_grants WHERE device = ?", device);
}
