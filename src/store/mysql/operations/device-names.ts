import type { DeviceNameRow } from "../../../actors/ports/store-devices.ts";
import type { UserId } from "../../../protocol/ids.ts";
import { blobOf, idOf } from "../../blobs.ts";
import type { MysqlContext } from "../mysql-context.ts";

/** See `DeviceStore.putDeviceName`. The device's row is held: a revocation comes before, and is seen, or after, and takes what was put. */
export async function putDeviceName(
  { db }: MysqlContext,
  user: UserId,
  { device, archiveGeneration, sealed }: DeviceNameRow,
): Promise<boolean> {
  const live = "SELECT 1 AS live FROM devices WHERE device = ? AND user = ? AND revoked_at IS NULL FOR UPDATE";
  if ((await db.get(live, blobOf(device), user)) === undefined) return false;
  await db.run(
    "REPLACE INTO device_names (device, archive_generation, sealed) VALUES (?, ?, ?)",
    blobOf(device),
    archiveGeneration,
    sealed,
  );
  return true;
}

/** See `DeviceStore.readDeviceNames`. */
export async function readDeviceNames({ db }: MysqlContext, user: UserId): Promise<DeviceNameRow[]> {
  const rows = await db.all<Omit<DeviceNameRow, "device"> & { device: Uint8Array }>(
    `SELECT n.device, n.archive_generation AS archiveGeneration, n.sealed FROM devices d
       JOIN device_names n ON n.device = d.device WHERE d.user = ? ORDER BY n.device`,
    user,
  );
  return rows.map(({ device, ...row }) => ({ device: idOf(device), ...row }));
}

/** What a revocation takes with it. */
export async function deleteDeviceName({ db }: Pick<MysqlContext, "db">, device: Uint8Array): Promise<void> {
  await db.run("DELETE FROM device_names WHERE device = ?", device);
}
