import type { PushSubscriptionRow } from "../../../actors/ports/store-wakes.ts";
import type { DeviceId, UserId } from "../../../protocol/ids.ts";
import { blobOf, idOf } from "../../blobs.ts";
import type { MysqlContext } from "../mysql-context.ts";

/** See `WakeStore.putPushSubscription`. The device's row is held: its revocation comes before or after. */
export async function putPushSubscription(
  { db }: MysqlContext,
  { user, device, endpoint }: PushSubscriptionRow,
): Promise<"stored" | "device-revoked"> {
  const blob = blobOf(device);
  const live = await db.get(
    "SELECT 1 AS live FROM devices WHERE device = ? AND user = ? AND revoked_at IS NULL FOR UPDATE",
    blob,
    user,
  );
  if (live === undefined) return "device-revoked";
  await db.run(
    `INSERT INTO push_subscriptions (device, user, endpoint) VALUES (?, ?, ?)
     ON DUPLICATE KEY UPDATE endpoint = VALUES(endpoint)`,
    blob,
    user,
    endpoint,
  );
  return "stored";
}

/** See `WakeStore.deletePushSubscription`. */
export async function deletePushSubscription(
  context: MysqlContext,
  device: DeviceId,
  endpoint?: string,
): Promise<void> {
  if (endpoint === undefined) return deletePushSubscriptionOf(context, blobOf(device));
  await context.db.run("DELETE FROM push_subscriptions WHERE device = ? AND endpoint = ?", blobOf(device), endpoint);
}

/** What a revocation takes with it. */
export async function deletePushSubscriptionOf({ db }: MysqlContext, device: Uint8Array): Promise<void> {
  await db.run("DELETE FROM push_subscriptions WHERE device = ?", device);
}

/** See `WakeStore.readPushSubscriptions`. */
export async function readPushSubscriptions({ db }: MysqlContext, user: UserId): Promise<PushSubscriptionRow[]> {
  const rows = await db.all<Omit<PushSubscriptionRow, "device"> & { device: Uint8Array }>(
    "SELECT user, device, endpoint FROM push_subscriptions WHERE user = ? ORDER BY device",
    user,
  );
  return rows.map((row) => ({ ...row, device: idOf<DeviceId>(row.device) }));
}
