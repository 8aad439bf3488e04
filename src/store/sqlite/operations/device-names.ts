import type { DeviceNameRow } from "../../../actors/ports/store-devices.ts";
import type { UserId } from "../../../protocol/ids.ts";
import { blobOf, idOf } from "../../blobs.ts";
import type { StoreContext } from "../store-context.ts";

/** See `DeviceStore.putDeviceName`. */
export function putDeviceName(
  { db }: StoreContext,
  user: UserId,
  { device, archiveGeneration, sealed }: DeviceNameRow,
): boolean {
  const isLive = "SELECT 1 AS live FROM devices WHERE device = ? AND user = ? AND revoked_at IS NULL";
  if (db.get(isLive, blobOf(device), user) === undefined) return false;
  db.run(
    "INSERT OR REPLACE INTO device_names (device, archive_generation, sealed) VALUES (?, ?, ?)",
    blobOf(device),
    archiveGeneration,
    sealed,
  );
  return true;
}

/** See `DeviceStore.readDeviceNames`. */
export function readDeviceNames({ db }: StoreContext, user: UserId): DeviceNameRow[] {
  const rows = db.all<Omit<DeviceNameRow, "device"> & { device: Uint8Array }>(
    `SELECT n.device, n.archive_generation AS archiveGeneration, n.sealed FROM devices d
       JOIN device_names n ON n.device = d.device WHERE d.user = ? ORDER BY n.device`,
    user,
  );
  return rows.map(({ device, ...row }) => ({ device: idOf(device), ...row }));
}

/** What a revocation takes with it. */
export function deleteDeviceName({ db }: Pick<StoreContext, "db">, device: Uint8Array): void {
  db.run("DELETE FROM device_names WHERE device = ?", device);
}
