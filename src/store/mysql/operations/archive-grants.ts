import type { ArchiveGrantRow } from "../../../actors/ports/store-history.ts";
import type { DeviceId, UserId } from "../../../protocol/ids.ts";
import { limits } from "../../../protocol/limits.ts";
import { blobOf, idOf } from "../../blobs.ts";
import type { MysqlContext } from "../mysql-context.ts";

/** See `HistoryStore.putArchiveGrants`. The devices' rows are held: a revocation comes before, and is seen, or after, and takes what was put. */
export async function putArchiveGrants(
  { db, now }: MysqlContext,
  user: UserId,
  giver: DeviceId,
  rows: readonly ArchiveGrantRow[],
): Promise<boolean> {
  const live =
    "SELECT device FROM devices WHERE device IN (?) AND user = ? AND revoked_at IS NULL ORDER BY device FOR UPDATE";
  const devices = [...new Set(rows.map(({ device }) => device))];
  const found = await db.all(live, devices.map(blobOf), user);
  if (found.length < devices.length) return false;
  for (const { device, generation, listVersion, by, keyPackage, encapsulated, sealed, signature } of rows) {
    await db.run(
      `REPLACE INTO archive_grants (device, generation, given_by, list_version, key_package, encapsulated, sealed, signature, at, by_device)
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
    await dropOldest(db, blobOf(device), blobOf(giver));
  }
  return true;
}

async function dropOldest(db: MysqlContext["db"], device: Uint8Array, giver: Uint8Array): Promise<void> {
  const oldest = await db.get<{ generation: number }>(
    "SELECT generation FROM archive_grants WHERE device = ? AND given_by = ? ORDER BY generation DESC LIMIT 1 OFFSET ?",
    device,
    giver,
    limits.archiveGrantsPerGiver,
  );
  const sql = "DELETE FROM archive_grants WHERE device = ? AND given_by = ? AND generation <= ?";
  if (oldest) await db.run(sql, device, giver, oldest.generation);
}

/** See `HistoryStore.readArchiveGrants`. */
export async function readArchiveGrants({ db }: MysqlContext, device: DeviceId): Promise<ArchiveGrantRow[]> {
  const rows = await db.all<Omit<ArchiveGrantRow, "device" | "by"> & { by: Uint8Array | null }>(
    `SELECT generation, list_version AS listVersion, key_package AS keyPackage, encapsulated, sealed, signature,
       by_device AS \`by\` FROM archive_grants
     WHERE device = ? ORDER BY generation, given_by`,
    blobOf(device),
  );
  return rows.map(({ by, ...row }) => ({ device, ...row, ...(by && { by: idOf<DeviceId>(by) }) }));
}

/** What a revocation takes with it. */
export async function deleteArchiveGrants({ db }: Pick<MysqlContext, "db">, device: Uint8Array): Promise<void> {
  await db.run("DELETE FROM archive_grants WHERE device = ?", device);
}
