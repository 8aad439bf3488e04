import type { PushSubscriptionRow } from "../../../actors/ports/store-wakes.ts";
import type { DeviceId, UserId } from "../../../protocol/ids.ts";
import { blobOf, idOf } from "../../blobs.ts";
import type { StoreContext } from "../store-context.ts";

/** See `WakeStore.putPushSubscription`. */
export function putPushSubscription(
  { db }: StoreContext,
  { user, device, endpoint }: PushSubscriptionRow,
): "stored" | "device-revoked" {
  const stored = db.run(
    `INSERT INTO push_subscriptions (device, user, endpoint)
     SELECT device, user, ? FROM devices WHERE device = ? AND user = ? AND revoked_at IS NULL
     ON CONFLICT (device) DO UPDATE SET endpoint = excluded.endpoint`,
    endpoint,
    blobOf(device),
    user,
  );
  return stored === 1 ? "stored" : "device-revoked";
}

/** See `WakeStore.deletePushSubscription`. */
export function deletePushSubscription(context: StoreContext, device: DeviceId, endpoint?: string): void {
  if (endpoint === undefined) return deletePushSubscriptionOf(context, blobOf(device));
  context.db.run("DELETE FROM push_subscriptions WHERE device = ? AND endpoint = ?", blobOf(device), endpoint);
}

/** What a revocation takes with it. */
export function deletePushSubscriptionOf({ db }: StoreContext, device: Uint8Array): void {
  db.run("DELETE FROM push_subscriptions WHERE device = ?", device);
}

/** See `WakeStore.readPushSubscriptions`. */
export function readPushSubscriptions({ db }: StoreContext, user: UserId): PushSubscriptionRow[] {
  const rows = db.all<Omit<PushSubscriptionRow, "device"> & { device: Uint8Array }>(
    "SELECT user, device, endpoint FROM push_subscriptions WHERE user = ? ORDER BY device",
    user,
  );
  return rows.map((row) => ({ ...row, device: idOf<DeviceId>(row.device) }));
}
